import { spawnSync } from "node:child_process"
import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { MeasureName } from "../../src/microvm/Measure.ts"
import * as Identity from "../../src/process/Identity.ts"
import * as Boot from "../../src/qemu/machine/Boot.ts"
import * as Durable from "../../src/qemu/machine/Durable.ts"
import * as KvmProbe from "../../src/qemu/machine/KvmProbe.ts"
import * as Running from "../../src/qemu/machine/Running.ts"
import type { Vm } from "../../src/qemu/machine/Start.ts"
import * as Template from "../../src/qemu/machine/Template.ts"
import * as Verdict from "../../src/qemu/machine/Verdict.ts"
import * as Usage from "../../src/qemu/process/Usage.ts"
import * as Templates from "../../src/qemu/snapshot/Templates.ts"
import { shell } from "../microvm/guest.ts"
import { temporary } from "./directory.ts"
import { agentOf, type Present, present, shape, still, World } from "./world.ts"

const leftOf = ({ host }: Present) => [...readdirSync(host.machines), ...readdirSync(host.roster)]

const reasonOf = <A, R>(doing: Effect.Effect<A, { readonly reason: { readonly _tag: string } }, R>) =>
  Effect.map(Effect.flip(doing), ({ reason }) => reason._tag)

/** A guest's process that counts in its memory, and a look at whether it does. */
const counting = "n=0; while :; do n=$((n+1)); echo $n > /dev/shm/m; mv /dev/shm/m /dev/shm/n; sleep 0.02; done"
const countsOn = "a=$(cat /dev/shm/n); until [ $(cat /dev/shm/n) -gt $a ]; do :; done; echo counts"

layer(World.layer, { timeout: "15 minutes", excludeTestServices: true })("machines of QEMU", (it) => {
  it.effect(
    "boots from an image up to its agent, and says what keeps it in",
    (context) =>
      Effect.gen(function* () {
        const { host, image } = yield* present(context)
        const vm = yield* Boot.boot(host, { image, shape })
        const agent = yield* agentOf(vm)
        assert.strictEqual(agent.welcome.template, image.id)
        assert.isTrue(agent.welcome.clockSet && agent.welcome.reseeded)
        assert.include(yield* shell(agent, "id -un; ls /sys/class/net; touch /usr/x && echo written"), "guest\nlo")
        assert.deepStrictEqual(vm.measures.map(({ measure }) => measure).sort(), [...MeasureName.literals].sort())
        const status = readFileSync(`/proc/${vm.child.pid}/status`, "utf8")
        assert.match(status, /^State:\s+[SR]/m)
      }).pipe(Effect.scoped),
    180_000
  )

  it.effect(
    "lets a hypervisor take its own memory in huge pages, where the host gives them to who asks",
    (context) =>
      Effect.gen(function* () {
        const { host, snapshot } = yield* present(context)
        const setting = readFileSync("/sys/kernel/mm/transparent_hugepage/enabled", "utf8")
        if (!setting.includes("[madvise]")) return context.skip(`huge pages are not for who asks here: ${setting}`)
        const vm = yield* Template.clone(host, snapshot)
        const hypervisor = Usage.chainOf(vm.child.pid).at(-1)
        const [, heap = ""] = readFileSync(`/proc/${hypervisor}/smaps`, "utf8").split("[heap]")
        assert.match(/^VmFlags:.*/m.exec(heap)?.[0] ?? "none", / hg\b/)
      }).pipe(Effect.scoped),
    60_000
  )

  it.effect(
    "is lost, and says why, where what its guest writes finds no more place on the host",
    (context) =>
      Effect.gen(function* () {
        const { host, snapshot } = yield* present(context)
        if (process.geteuid?.() !== 0) return context.skip("only root makes a file system that is full soon")
        const machines = yield* temporary
        const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=16m,mode=0711", "none", machines])
        if (mounted.status !== 0) return context.skip(`nothing can be mounted here: ${mounted.stderr}`)
        yield* Effect.addFinalizer(() => Effect.sync(() => spawnSync("umount", ["--lazy", machines])))
        const lost = yield* Effect.scoped(
          Effect.gen(function* () {
            const vm = yield* Template.clone({ ...host, machines }, snapshot)
            const { running } = yield* Running.of(vm)
            const writing = Effect.flatMap(agentOf(vm), (agent) =>
              shell(agent, "head -c 64000000 /dev/urandom > /workspace/noise; sync")
            )
            return yield* Effect.raceFirst(running.lost, Effect.andThen(writing, Effect.die("all was written")))
          })
        )
        assert.match(lost.message, /finds no place on this host: No space left on device/)
      }).pipe(Effect.scoped),
    60_000
  )

  it.effect(
    "makes clones that see nothing of each other and leave their template as it was",
    (context) =>
      Effect.gen(function* () {
        const world = yield* present(context)
        const { host, snapshot } = world
        const born = Effect.flatMap(Template.clone(host, snapshot), agentOf)
        const [first, second] = yield* Effect.all([born, born])
        assert.notDeepEqual(first.welcome.sample, second.welcome.sample)
        yield* shell(first, "echo mine > /workspace/note; head -c 8000000 /dev/urandom > /dev/shm/noise; sync")
        assert.strictEqual(yield* shell(second, "cat /workspace/note /dev/shm/noise 2>/dev/null"), "")
        assert.strictEqual(yield* shell(first, "cat /workspace/note"), "mine")
        yield* Templates.verify(snapshot)
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect(
    "puts a machine to disk and brings it back, with memory, files, processes and the right time",
    (context) =>
      Effect.gen(function* () {
        const { host, snapshot } = yield* present(context)
        yield* Effect.scoped(
          Effect.gen(function* () {
            const vm = yield* Durable.begin(host, snapshot, "steady", Durable.asTemplate(snapshot))
            yield* Effect.scoped(
              Effect.gen(function* () {
                const agent = yield* agentOf(vm)
                yield* agent.execute({ id: "counter", arguments: ["/bin/bash", "-c", counting] })
                yield* shell(agent, "echo 0 > /workspace/round; until [ -e /dev/shm/n ]; do :; done")
                yield* agent.freeze
              })
            )
            yield* vm.hibernate("process")
          })
        )
        for (let round = 1; round <= 5; round++) {
          yield* Effect.scoped(
            Effect.gen(function* () {
              const vm = yield* Durable.resume(host, "steady")
              yield* Effect.scoped(
                Effect.gen(function* () {
                  const agent = yield* agentOf(vm)
                  const next = "n=$(($(cat /workspace/round) + 1)); echo $n | tee /workspace/round"
                  assert.strictEqual(yield* shell(agent, next), String(round))
                  assert.strictEqual(yield* shell(agent, countsOn), "counts")
                  assert.deepStrictEqual(agent.welcome.processes, [{ id: "counter", state: "running" }])
                  const seconds = Number(yield* shell(agent, "date +%s"))
                  assert.isAtMost(Math.abs(seconds - Date.now() / 1000), 5)
                  yield* agent.freeze
                })
              )
              yield* vm.hibernate(round % 2 === 0 ? "power" : "process")
            })
          )
        }
        yield* Durable.remove(host, "steady")
      }),
    300_000
  )

  it.effect(
    "never uses a state twice: a machine that ran on and is gone is lost, and says so",
    (context) =>
      Effect.gen(function* () {
        const { host, snapshot } = yield* present(context)
        const directory = join(host.machines, "frail")
        const asleep = Effect.scoped(
          Effect.gen(function* () {
            const vm = yield* Durable.begin(host, snapshot, "frail", Durable.asTemplate(snapshot))
            yield* still(vm)
            yield* vm.hibernate("process")
          })
        )
        yield* asleep
        const note = readFileSync(join(directory, "machine.json"))
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* Durable.resume(host, "frail")
            assert.match(readFileSync(join(directory, "machine.json"), "utf8"), /"Running"/)
            assert.isFalse(existsSync(join(directory, "state")))
            assert.strictEqual(yield* reasonOf(Effect.scoped(Durable.resume(host, "frail"))), "Consumed")
          })
        )
        assert.isFalse(existsSync(directory))
        assert.strictEqual(yield* reasonOf(Effect.scoped(Durable.resume(host, "frail"))), "Missing")
        assert.isAbove(note.length, 100)
      }),
    120_000
  )

  it.effect(
    "does not run what is not as it was written",
    (context) =>
      Effect.gen(function* () {
        const { host, snapshot } = yield* present(context)
        yield* Effect.scoped(
          Effect.gen(function* () {
            const vm = yield* Durable.begin(host, snapshot, "touched", Durable.asTemplate(snapshot))
            yield* still(vm)
            yield* vm.hibernate("process")
          })
        )
        const directory = join(host.machines, "touched")
        const resumed = reasonOf(Effect.scoped(Durable.resume(host, "touched")))
        const state = readFileSync(join(directory, "state"))
        appendFileSync(join(directory, "state"), "x")
        assert.strictEqual(yield* resumed, "PartChanged")
        writeFileSync(join(directory, "state"), state)
        const manifest = readFileSync(join(directory, "machine.json"), "utf8")
        writeFileSync(join(directory, "machine.json"), manifest.replace('"version":1', '"version":2'))
        assert.strictEqual(yield* resumed, "Unreadable")
        writeFileSync(join(directory, "machine.json"), manifest.replace(/"realm":"[^"]*"/, '"realm":"another boot"'))
        assert.strictEqual(yield* resumed, "NotOnDisk")
        writeFileSync(
          join(directory, "machine.json"),
          manifest.replace(/"below":"[^"]*"/, `"below":"${"0".repeat(64)}"`)
        )
        assert.strictEqual(yield* resumed, "Mismatch")
        writeFileSync(join(directory, "machine.json"), manifest)
        appendFileSync(join(directory, "mem"), "x")
        assert.strictEqual(yield* resumed, "PartChanged")
        yield* Durable.remove(host, "touched")
      }),
    120_000
  )

  it.effect(
    "does not make machines of a template that somebody has written to",
    (context) =>
      Effect.gen(function* () {
        const { host, snapshot } = yield* present(context)
        const { key, template } = snapshot.manifest
        const { memory, overlay } = Templates.pathsOf(snapshot)
        const bytes = readFileSync(overlay)
        appendFileSync(overlay, "x")
        assert.strictEqual(yield* reasonOf(Templates.open(host, template, key)), "PartChanged")
        writeFileSync(overlay, bytes)
        // The bytes are right and the seal is not: it is read to its end once, and sealed anew.
        yield* Templates.open(host, template, key)
        renameSync(memory, `${memory}.away`)
        assert.strictEqual(yield* reasonOf(Templates.open(host, template, key)), "Missing")
        renameSync(`${memory}.away`, memory)
        assert.strictEqual(yield* reasonOf(Templates.open(host, template, "0".repeat(64))), "Missing")
      }),
    60_000
  )

  it.effect(
    "makes no template of an image that is damaged, before or meanwhile",
    (context) =>
      Effect.gen(function* () {
        const { directory, host, image } = yield* present(context)
        const path = join(directory, "base.erofs")
        copyFileSync(image.base.path, path)
        const wanted = { image: { ...image, base: { ...image.base, path } }, shape, recipe: "damaged" }
        const spoil = (vm: Vm) =>
          Effect.andThen(
            still(vm),
            Effect.sync(() => appendFileSync(path, "x"))
          )
        const meanwhile = Template.obtain(host, { ...wanted, prepare: (vm) => Effect.as(spoil(vm), null) })
        assert.strictEqual(yield* reasonOf(meanwhile), "PartChanged")
        const never = () => Effect.die("it was booted")
        const { reason } = yield* Effect.flip(Template.obtain(host, { ...wanted, prepare: never }))
        assert.deepInclude(reason, { _tag: "ImageDamaged", template: "shell", part: "base", path })
        assert.include(reason.message, "caisson template build shell")
        rmSync(path)
        const gone = Template.obtain(host, { ...wanted, prepare: never })
        assert.strictEqual(yield* reasonOf(gone), "ImageDamaged")
      }),
    60_000
  )

  it.effect(
    "says what went wrong in a guest that does not come up",
    (context) =>
      Effect.gen(function* () {
        const { directory, host, image } = yield* present(context)
        const hopeless = join(directory, "no-initrd")
        writeFileSync(hopeless, "this is no archive")
        const broken = { ...image, initrd: { ...image.initrd, path: hopeless } }
        const panicking = Boot.boot(host, { image: broken, shape, messages: "shown" })
        const { message, reason } = yield* Effect.flip(Effect.scoped(panicking))
        assert.deepInclude(reason, { _tag: "Ended", how: "exit 0" })
        assert.match(message, /Kernel panic/)
        const hurried = Boot.boot(host, { image, shape, timeout: "20 millis" })
        assert.deepInclude((yield* Effect.flip(Effect.scoped(hurried))).reason, { _tag: "NotReady", status: "running" })
        const absent = { ...image, kernel: { ...image.kernel, path: join(directory, "no-kernel") } }
        assert.strictEqual(yield* reasonOf(Effect.scoped(Boot.boot(host, { image: absent, shape }))), "Ended")
      }),
    180_000
  )

  it.effect(
    "says which file of another user a machine may not open, and as whom",
    (context) =>
      Effect.gen(function* () {
        const { directory, host, image } = yield* present(context)
        if (!host.means.isRoot) return context.skip("only root starts machines as other users")
        const path = join(directory, "theirs.erofs")
        copyFileSync(image.base.path, path)
        chmodSync(path, 0o600)
        chownSync(path, 1_234, 1_234)
        const theirs = { ...image, base: { ...image.base, path } }
        const { message, reason } = yield* Effect.flip(Effect.scoped(Boot.boot(host, { image: theirs, shape })))
        assert.deepInclude(reason, { _tag: "NotOpen", path, owner: 1_234 })
        assert.match(
          message,
          /^user \d+, .* may not open \S+theirs\.erofs, .* user 1234: run this as user 1234, or set /
        )
      }),
    60_000
  )

  it.effect(
    "remembers what machines run on until the host is started again",
    (context) =>
      Effect.gen(function* () {
        const { image } = yield* present(context)
        const directory = yield* temporary
        const path = join(directory, "accelerator.json")
        const hopeless = { ...image, kernel: { ...image.kernel, path: join(directory, "none") } }
        const killed = Identity.labelOf({ ...Identity.self(), startTicks: "1" })
        writeFileSync(`${path}.${killed}.draft`, "{")
        assert.strictEqual(yield* Verdict.accelerator(directory, hopeless), "tcg")
        assert.notInclude(readdirSync(directory).join(), "draft")
        const other = readFileSync(path, "utf8").replace('"tcg"', '"kvm"')
        writeFileSync(path, other)
        assert.strictEqual(yield* Verdict.accelerator(directory, hopeless), "kvm")
        writeFileSync(path, other.replace(/"realm":"[^"]*"/, '"realm":"another boot"'))
        assert.strictEqual(yield* Verdict.accelerator(directory, hopeless), "tcg")
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect(
    "calls the host's processor fit for guests only after one has booted on it",
    (context) =>
      Effect.gen(function* () {
        const world = yield* present(context)
        const probe = yield* KvmProbe.probe(world.host, world.image)
        if (probe.works) assert.isAbove(probe.bootMillis, 0)
        else assert.match(probe.why, /\S/)
        assert.deepStrictEqual(leftOf(world), [])
      }),
    60_000
  )

  it.effect(
    "leaves nothing behind, however its machines end",
    (context) =>
      Effect.gen(function* () {
        const world = yield* present(context)
        const { host, snapshot } = world
        const descriptors = () => readdirSync("/proc/self/fd").length
        yield* Effect.scoped(Template.clone(host, snapshot))
        const before = descriptors()
        for (let cycle = 0; cycle < 5; cycle++) {
          yield* Effect.scoped(Template.clone(host, snapshot))
          const killed = Effect.gen(function* () {
            const vm = yield* Template.clone(host, snapshot)
            yield* vm.control.execute("quit")
            return yield* vm.child.failsWhenEnded
          })
          assert.strictEqual(yield* reasonOf(Effect.scoped(killed)), "Ended")
          yield* Effect.timeoutOption(Effect.scoped(Template.clone(host, snapshot)), "30 millis")
        }
        assert.isAtMost(descriptors(), before)
        assert.deepStrictEqual(leftOf(world), [])
      }),
    180_000
  )
})
