import { assert, describe, it } from "@effect/vitest"
import { inWords, MeasureName } from "../../src/microvm/Measure.ts"
import * as Confinement from "../../src/qemu/confinement/Confinement.ts"

const all: Confinement.Means = {
  isRoot: true,
  bwrap: "/usr/bin/bwrap",
  setpriv: "/usr/bin/setpriv",
  namespaces: { work: true },
  kvm: undefined,
  opensMemoryReadOnly: false,
  groups: {
    memory: { version: 1, parent: "/sys/fs/cgroup/memory" },
    cpu: { version: 2, parent: "/sys/fs/cgroup" },
    pids: { version: undefined, why: "this host has no groups for pids" }
  }
}

const none: Confinement.Means = { ...all, isRoot: false, bwrap: undefined, setpriv: undefined }

const needs: Confinement.Needs = {
  directory: "/state/machines/a",
  reads: ["/cache/base.erofs"],
  opens: ["/state/snapshots/mem"],
  usesKvm: false,
  user: { uid: 1_900_000_001, gid: 1_900_000_000 },
  fileBytesMax: 1_000,
  group: "caisson-a"
}

const absentOf = ({ measures }: Confinement.Confined) =>
  measures.flatMap((measure) => (measure.isInForce ? [] : [measure.measure]))

describe("Confinement", () => {
  it("reports every measure, once, on every host", () => {
    for (const means of [all, none, { ...all, isRoot: false }, { ...all, opensMemoryReadOnly: true }]) {
      const { measures } = Confinement.confine(means, needs)
      assert.deepStrictEqual(measures.map(({ measure }) => measure).sort(), [...MeasureName.literals].sort())
    }
  })

  it("says why a measure is not in force", () => {
    const { measures } = Confinement.confine(none, needs)
    const lacks = new Map(measures.flatMap((each) => (each.isInForce ? [] : [[each.measure, each.lack] as const])))
    const why = Object.fromEntries([...lacks].map(([measure, lack]) => [measure, inWords(lack)]))
    assert.deepStrictEqual(lacks.get("ownNamespaces"), { _tag: "Program", program: "bwrap" })
    assert.strictEqual(why["ownNamespaces"], "bwrap is not installed")
    assert.strictEqual(why["endsWithOwner"], "setpriv is not installed")
    assert.match(why["ownUser"] ?? "", /only root/)
    assert.strictEqual(why["processesGroup"], "this host has no groups for pids")
    assert.notProperty(why, "memoryGroup")
  })

  it("sets limits first, then makes namespaces, and changes the user last", () => {
    const { changesUser, prefix } = Confinement.confine(all, needs)
    assert.isTrue(changesUser)
    assert.deepStrictEqual(
      prefix.filter((word) => /^(\/usr)?\/bin\/[a-z]+$/.test(word)),
      ["/bin/sh", "/usr/bin/bwrap", "/usr/bin/setpriv"]
    )
    assert.includeMembers([...prefix], ["--unshare-net", "--die-with-parent", "--no-new-privs", "--bounding-set=-all"])
    assert.includeMembers([...prefix], ["--reuid=1900000001", "/sys/fs/cgroup/memory/caisson-a/tasks"])
    // The hypervisor would be the first process, whose parent's end it has forgotten.
    assert.notInclude(prefix, "--as-pid-1")
  })

  it("shows a process with namespaces its files where it can reach them, to be written only where they are its own", () => {
    const { prefix, seenAs } = Confinement.confine(all, needs)
    assert.deepStrictEqual([...needs.reads, ...needs.opens].map(seenAs), ["/given/0", "/given/1"])
    const bindings = prefix.flatMap((word, index) =>
      /^--(ro-)?bind$/.test(word) ? [prefix.slice(index, index + 3)] : []
    )
    assert.deepStrictEqual(bindings, [
      ["--ro-bind", "/cache/base.erofs", "/given/0"],
      ["--bind", "/state/snapshots/mem", "/given/1"],
      ["--bind", "/state/machines/a", "/machine"]
    ])
    assert.strictEqual(Confinement.confine(none, needs).seenAs("/cache/base.erofs"), "/cache/base.erofs")
    // bwrap makes what is on the way for its own user alone, if it is not told.
    const onTheWay = prefix.flatMap((word, index) => (word === "--dir" ? [prefix.slice(index - 2, index + 2)] : []))
    assert.deepStrictEqual(
      onTheWay,
      ["/sys", "/sys/kernel", "/sys/kernel/mm", "/given"].map((path) => ["--perms", "0755", "--dir", path])
    )
  })

  it("bounds the hypervisor and starts it as it is where the host has nothing else", () => {
    const { prefix } = Confinement.confine(none, needs)
    assert.strictEqual(prefix[0], "/bin/sh")
    assert.strictEqual(prefix.indexOf("--"), prefix.length - 1)
  })

  it("says that the namespaces which a host refuses are missing, and keeps the user then", () => {
    const refused = Confinement.confine({ ...all, namespaces: { work: false, why: "not permitted" } }, needs)
    assert.includeMembers([...absentOf(refused)], ["ownNamespaces", "ownUser"])
    assert.notInclude(absentOf(refused), "endsWithOwner")
    assert.isFalse(refused.changesUser)
  })

  it("gives a machine's user the group of the processor's device, or does not change the user if none may use it", () => {
    const withKvm = { ...needs, usesKvm: true }
    const group = Confinement.confine({ ...all, kvm: { gid: 104, usableBy: "group" } }, withKvm)
    assert.include(group.prefix, "--groups=104")
    const owner = Confinement.confine({ ...all, kvm: { gid: 0, usableBy: "owner" } }, withKvm)
    assert.include(absentOf(owner), "ownUser")
  })

  it("knows for whom a file is open", () => {
    const { user } = needs
    const mayOpen = (uid: number, gid: number, mode: number, writes = false) =>
      Confinement.mayOpen({ uid, gid, mode }, user, writes)
    assert.isTrue(mayOpen(0, 0, 0o100_644))
    assert.isFalse(mayOpen(0, 0, 0o100_644, true))
    assert.isTrue(mayOpen(0, user.gid, 0o100_660, true))
    assert.isFalse(mayOpen(1_000, 1_000, 0o100_660))
    // Who is named is judged by that alone.
    assert.isFalse(mayOpen(0, user.gid, 0o100_604))
    assert.isFalse(mayOpen(user.uid, user.gid, 0o100_066))
  })

  it("calls a template writable only where it is", () => {
    assert.include(absentOf(Confinement.confine(all, needs)), "readOnlyTemplate")
    assert.notInclude(absentOf(Confinement.confine(all, { ...needs, opens: [] })), "readOnlyTemplate")
  })
})
