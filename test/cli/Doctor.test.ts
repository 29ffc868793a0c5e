import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Finding from "../../src/cli/doctor/Finding.ts"
import { ofGroups, ofMeasures, ofRoom } from "../../src/cli/doctor/Host.ts"
import { installingProgram } from "../../src/cli/HostPrograms.ts"
import * as HostMeans from "../../src/qemu/confinement/HostMeans.ts"
import { linesInto } from "./lines.ts"
import { makeTemplates } from "./templateCommand.ts"

const finding = (name: string, more: Partial<Finding.Finding> = {}): Finding.Finding => ({
  name,
  state: "ok",
  isRequired: true,
  detail: "1.0",
  neededFor: "machines",
  ...more
})

const missing = { state: "missing", mend: "apt-get install it" } as const
const embedded: Finding.Tier = { tier: "embedded", findings: [finding("Node")] }
const microvm = (...findings: ReadonlyArray<Finding.Finding>): Finding.Tier => ({ tier: "microvm", findings })

describe("what follows from what was found", () => {
  it("is that a tier works if all is there that it needs", () => {
    const less = finding("KVM", { state: "missing", isRequired: false })
    assert.strictEqual(Finding.verdictOf(microvm(finding("qemu"), less)), "works")
    assert.strictEqual(Finding.verdictOf(microvm(finding("qemu"), finding("go", missing))), "doesNotWork")
    assert.strictEqual(Finding.verdictOf(microvm(finding("qemu", missing), finding("go", missing))), "notInstalled")
    assert.strictEqual(Finding.verdictOf({ tier: "embedded", findings: [finding("Node", missing)] }), "doesNotWork")
  })

  it("is well without microVMs, unless they are asked for, and not if they are half there", () => {
    const [absent, half] = [microvm(finding("qemu", missing)), microvm(finding("qemu"), finding("go", missing))]
    assert.isTrue(Finding.isWell([embedded, absent], undefined))
    assert.isFalse(Finding.isWell([absent], "microvm"))
    assert.isFalse(Finding.isWell([embedded, half], undefined))
    assert.isTrue(Finding.isWell([embedded, half], "embedded"))
    assert.isTrue(Finding.isWell([embedded, microvm(finding("qemu"))], undefined))
  })

  it("is said with what it is needed for, and what mends it", () => {
    const tier = microvm(finding("qemu"), finding("go", { ...missing, detail: "not there\nmore" }))
    assert.deepStrictEqual(Finding.tierLines(tier, linesInto([])), [
      "microVM tier does not work",
      "  ok        qemu  1.0",
      "  missing   go    not there",
      "                  for machines",
      "                  apt-get install it"
    ])
  })

  it("names each measure that is not in force, with the reason", () => {
    const measures = [
      { measure: "ownUser", isInForce: false, lack: { _tag: "Ability", detail: "only root can" } },
      { measure: "resourceLimits", isInForce: true }
    ] as const
    const found = ofMeasures(measures, false)
    assert.deepInclude(found, { state: "degraded", detail: "1 of 2 measures; not ownUser (only root can)" })
    assert.match(found.mend ?? "", /^sudo caisson doctor /)
    assert.isUndefined(ofMeasures(measures, true).mend)
    const without = [
      ...measures,
      { measure: "ownNamespaces", isInForce: false, lack: { _tag: "Program", program: "bwrap" } }
    ] as const
    assert.strictEqual(ofMeasures(without, false).mend, installingProgram("bwrap"))
    assert.match(ofMeasures(without, false).detail, /ownNamespaces \(bwrap is not installed\)$/)
    // What is said is never read: a host may say anything.
    const said = { _tag: "Ability", detail: "bwrap is not installed setuid" } as const
    assert.isUndefined(ofMeasures([{ measure: "ownNamespaces", isInForce: false, lack: said }], true).mend)
  })

  it("says whose a cache is that root uses, whose machines may not open what others have made", () => {
    const cache = { directory: "/cache", bytes: 5_000_000_000, owner: 1_234 }
    const theirs = ofRoom(cache, true)
    assert.strictEqual(theirs.state, "degraded")
    assert.match(theirs.detail, /it is of user 1234/)
    assert.match(theirs.mend ?? "", /^set CAISSON_CACHE .* run this as user 1234$/)
    assert.strictEqual(ofRoom(cache, false).state, "ok")
    assert.strictEqual(ofRoom({ ...cache, owner: 0 }, true).state, "ok")
  })

  it("names what mends groups that somebody who is not root cannot make", () => {
    const place = { version: undefined, why: "no group can be made for cpu (EACCES)" } as const
    const [refused, given] = [place, { version: 1, parent: "/" } as const].map((cpu) => ({
      memory: cpu,
      cpu,
      pids: cpu
    }))
    if (refused === undefined || given === undefined) return assert.fail("there are two")
    assert.match(ofGroups(refused, false).mend ?? "", /^sudo caisson doctor /)
    assert.isUndefined(ofGroups(given, false).mend)
  })
})

describe("caisson doctor", { timeout: 120_000 }, () => {
  it.live("runs a guest of the embedded tier", () =>
    Effect.gen(function* () {
      const { command, json } = makeTemplates()
      const { code, value } = yield* json("doctor", "--tier", "embedded")
      assert.strictEqual(code, 0)
      assert.deepInclude(value.tiers[0], { tier: "embedded", verdict: "works" })
      const { out } = yield* command("doctor", "--tier", "embedded")
      assert.match(out, /^embedded tier works\n {2}ok +Node +\d+.*\n {2}ok +worker threads {2}a guest has computed/)
    })
  )

  it.live("looks at everything that microVMs need, whether it is there or not", () =>
    Effect.gen(function* () {
      const { code, value } = yield* makeTemplates().json("doctor", "--tier", "microvm")
      const [tier] = value.tiers as ReadonlyArray<Finding.Tier & { readonly verdict: string }>
      const names = tier?.findings.map(({ name }) => name) ?? []
      assert.includeMembers(names, [
        "qemu-system-x86_64",
        "mmdebstrap",
        "bwrap",
        "skopeo",
        "go",
        "control groups",
        "cache"
      ])
      assert.strictEqual(code, tier?.verdict === "works" ? 0 : 1)
      const { groups } = yield* HostMeans.detect("0.0.0", false, "caisson-test-doctor").pipe(
        Effect.provide(NodeServices.layer)
      )
      const isBounded = Object.values(groups).every(({ version }) => version !== undefined)
      assert.strictEqual(tier?.findings.find(({ name }) => name === "control groups")?.state === "ok", isBounded)
      for (const { isRequired, mend, name, state } of tier?.findings ?? []) {
        if (isRequired && state === "missing") assert.isString(mend, name)
      }
      // Nothing is built in this cache.
      assert.deepInclude(
        tier?.findings.find(({ name }) => name === "built templates"),
        { state: "degraded", detail: "none", mend: "caisson template build shell" }
      )
    })
  )
})
