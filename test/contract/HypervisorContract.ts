/** What every hypervisor has to do, shown with real machines. */
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, type Layer } from "effect"
import type { TestContext } from "vitest"
import type { Checkpoint } from "../../src/microvm/Checkpoint.ts"
import type { DurableVm, Hypervisor, Template, Vm } from "../../src/microvm/Hypervisor.ts"
import type { HypervisorError } from "../../src/microvm/HypervisorError.ts"
import { MeasureName } from "../../src/microvm/Measure.ts"
import type { Image } from "../../src/template/image/ImageBuild.ts"
import { agentOf, noted, shell, still, talk } from "../microvm/guest.ts"

/** What a hypervisor is tried on, and what only whoever knows it can see of it. */
export type Subject =
  | { readonly _tag: "Absent"; readonly why: string }
  | {
      readonly _tag: "Present"
      readonly hypervisor: Hypervisor["Service"]
      readonly image: Image
      /** Ends a machine as a failure of the host would. */
      readonly kill: (vm: Vm) => void
      /** What there is of machines on the host: processes, groups, directories, notes; and descriptors of this process. */
      readonly traces: () => ReadonlyArray<string>
    }

export class Trial extends Context.Service<Trial, Subject>()("test/contract/Trial") {}

const present = ({ skip }: TestContext) =>
  Effect.gen(function* () {
    const trial = yield* Trial
    if (trial._tag === "Absent") return skip(trial.why)
    const template = yield* Effect.orDie(trial.hypervisor.prepare(trial.image, noted))
    return { ...trial, template }
  })

const rejectionOf = <A, R>(doing: Effect.Effect<A, HypervisorError, R>) =>
  Effect.map(Effect.flip(doing), ({ reason }) => ("reason" in reason ? reason.reason : reason._tag))

/** A guest's process that counts in its memory by a timer, and a look at whether it does. Neither starts others. */
const counting =
  "mkfifo /dev/shm/f; exec 9<> /dev/shm/f; n=1; while :; do n=$((n+1)); echo $n > /dev/shm/n; read -t 0.05 -u 9; done"
const countsOn = 'a=0$(< /dev/shm/n); until [ "0$(< /dev/shm/n)" -gt "$a" ]; do :; done; echo counts'

const live = [
  "echo mine > /workspace/note; head -c 1000000 /dev/urandom > /workspace/noise; head -c 1000000 /dev/urandom > /dev/shm/noise",
  "sync; until [ -e /dev/shm/n ]; do :; done; cat /workspace/noise /dev/shm/noise | md5sum"
].join("; ")

/** Gives a machine something to remember, and the sum of what it is to remember. */
const enliven = (vm: DurableVm) =>
  talk(vm, (agent) =>
    Effect.gen(function* () {
      yield* agent.execute({ id: "counter", arguments: ["/bin/bash", "-c", counting] })
      const sum = yield* shell(agent, live)
      yield* agent.freeze
      return sum
    })
  )

/** Sees that a machine goes on where it was: its memory, disk, processes and clock. */
const remembers = (vm: Vm, sum: string) =>
  talk(vm, (agent) =>
    Effect.gen(function* () {
      const look = `cat /workspace/note /workspace/warm; cat /workspace/noise /dev/shm/noise | md5sum; ${countsOn}; date +%s`
      const [note, warm, found, counts, seconds] = (yield* shell(agent, look)).split("\n")
      assert.deepStrictEqual([note, warm, found, counts], ["mine", "warm", sum, "counts"])
      assert.deepStrictEqual(agent.welcome.processes, [{ id: "counter", state: "running" }])
      assert.isAtMost(Math.abs(Number(seconds) - Date.now() / 1000), 5)
      yield* agent.freeze
      return agent.welcome.sample
    })
  )

const writtenDown = (vm: DurableVm) => Effect.flatten(vm.checkpoint)

const written = (hypervisor: Hypervisor["Service"], template: Template) =>
  Effect.scoped(
    Effect.gen(function* () {
      const vm = yield* hypervisor.begin(template)
      const sum = yield* enliven(vm)
      return { sum, checkpoint: yield* writtenDown(vm) }
    })
  )

const regionsOf = ({ header: { memory } }: Checkpoint) =>
  new Map(memory.regions.map(({ index, piece }) => [index, piece] as const))

/** Ways in which a checkpoint is not what it was, and what is said of each. */
const damages = ({ header, pieces }: Checkpoint): ReadonlyArray<readonly [string, unknown]> => {
  const [first, second] = header.memory.regions
  if (first === undefined || second === undefined) return assert.fail("a machine that has changed nothing")
  const without = new Map(pieces)
  without.delete(first.piece)
  const flipped = Uint8Array.from(pieces.get(first.piece) ?? [])
  flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] ?? 0) ^ 1
  const otherwise = (change: object) => ({ header: { ...header, ...change }, pieces })
  const ofMemory = (regions: Checkpoint["header"]["memory"]["regions"]) =>
    otherwise({ memory: { ...header.memory, regions } })
  const zeros = "0".repeat(64)
  return [
    ["PieceMissing", { header, pieces: without }],
    ["Corrupted", { header, pieces: new Map(pieces).set(first.piece, flipped) }],
    ["Corrupted", { header, pieces: new Map(pieces).set(first.piece, pieces.get(second.piece) ?? flipped) }],
    ["Corrupted", ofMemory([second, first])],
    ["Corrupted", ofMemory([{ ...first, index: header.memory.bytes / 2_097_152 }])],
    ["Corrupted", ofMemory([{ ...first, piece: header.state.piece }])],
    ["Corrupted", otherwise({ state: { ...header.state, bytes: header.state.bytes + 1 } })],
    ["Corrupted", otherwise({ disk: { ...header.disk, bytes: 4_096, regions: [] } })],
    ["TooLarge", otherwise({ disk: { ...header.disk, bytes: 2 ** 40 } })],
    ["OtherEngine", otherwise({ engine: "another" })],
    ["OtherTemplate", otherwise({ template: { ...header.template, content: zeros } })],
    ["OtherTemplate", otherwise({ template: { ...header.template, key: zeros } })],
    ["Unreadable", otherwise({ version: 2 })]
  ]
}

/** How often one machine is put to disk and comes back: `CAISSON_ROUNDS`, or a few times. */
const rounds = Number(process.env["CAISSON_ROUNDS"] ?? 12)

/** After how long something is interrupted. */
const steps = [20, 60, 120, 200]

export const suite = <E>(name: string, subject: Layer.Layer<Trial, E>) =>
  layer(subject, { timeout: "15 minutes", excludeTestServices: true })(`Hypervisor: ${name}`, (it) => {
    it.effect(
      "prepares a template once, and keeps what was said of it",
      (context) =>
        Effect.gen(function* () {
          const { hypervisor, image, template } = yield* present(context)
          assert.deepStrictEqual(template.facts, { kernel: "Linux", lanes: [3, 5] })
          assert.strictEqual(template.memoryMebibytes, image.template.memoryMebibytes)
          const again = { ...noted, begins: Effect.die("it was there"), run: () => Effect.die("it was there") }
          assert.deepStrictEqual(yield* hypervisor.prepare(image, again), template)
          assert.deepStrictEqual(yield* hypervisor.find(template.key), template)
          assert.strictEqual(yield* rejectionOf(hypervisor.find("0".repeat(64))), "TemplateMissing")
          const stored = (yield* hypervisor.stored).find(({ key }) => key === template.key)
          assert.deepInclude(stored, { name: template.name, machines: [] })
          assert.isAbove(stored?.bytes ?? 0, 1_048_576)
        }),
      240_000
    )

    it.effect(
      "makes clones that see nothing of each other, and counts what they take",
      (context) =>
        Effect.gen(function* () {
          const { hypervisor, template } = yield* present(context)
          const [one, other] = yield* Effect.all([hypervisor.clone(template), hypervisor.clone(template)])
          const before = yield* one.cpuMillis
          const sample = yield* talk(one, (agent) =>
            Effect.as(shell(agent, "echo mine > /workspace/note; echo mine > /dev/shm/note"), agent.welcome.sample)
          )
          yield* talk(other, (agent) =>
            Effect.gen(function* () {
              assert.notDeepEqual(agent.welcome.sample, sample)
              assert.strictEqual(yield* shell(agent, "cat /workspace/warm /workspace/note /dev/shm/note"), "warm")
            })
          )
          assert.isAbove(yield* one.cpuMillis, before)
          const { ownBytes, proportionalBytes } = yield* one.memory
          assert.isAbove(ownBytes, 1_048_576)
          assert.isAtLeast(proportionalBytes, ownBytes)
          assert.deepStrictEqual(one.measures.map(({ measure }) => measure).sort(), [...MeasureName.literals].sort())
        }).pipe(Effect.scoped),
      120_000
    )

    it.effect(
      "writes a machine down that goes on, and makes the same machine of that again",
      (context) =>
        Effect.gen(function* () {
          const { hypervisor, template } = yield* present(context)
          const { checkpoint, sum } = yield* Effect.scoped(
            Effect.gen(function* () {
              const vm = yield* hypervisor.begin(template)
              const sum = yield* enliven(vm)
              const first = yield* writtenDown(vm)
              const twin = yield* writtenDown(vm)
              yield* remembers(vm, sum)
              const drop =
                "echo more >> /workspace/note; sync; cat /workspace/noise | md5sum; tail -n 1 /workspace/note"
              yield* talk(vm, (agent) => Effect.andThen(shell(agent, drop), agent.freeze))
              const second = yield* writtenDown(vm)
              const before = regionsOf(first)
              const same = [...before].filter(([index, piece]) => regionsOf(twin).get(index) === piece)
              // A kernel that goes on for a moment touches some of its memory.
              assert.isAbove(same.length, before.size / 4)
              assert.notDeepEqual(regionsOf(second), before)
              return { checkpoint: first, sum }
            })
          )
          const vm = yield* hypervisor.restore(template, checkpoint)
          yield* remembers(vm, sum)
          const again = yield* writtenDown(vm)
          yield* remembers(yield* hypervisor.restore(template, again), sum)
        }).pipe(Effect.scoped),
      180_000
    )

    it.effect(
      "makes machines of one checkpoint that see nothing of each other",
      (context) =>
        Effect.gen(function* () {
          const { hypervisor, template } = yield* present(context)
          const { checkpoint, sum } = yield* written(hypervisor, template)
          const restored = hypervisor.restore(template, checkpoint)
          const [one, other] = yield* Effect.all([restored, restored], { concurrency: 2 })
          const samples = [yield* remembers(one, sum), yield* remembers(other, sum)] as const
          assert.notDeepEqual(samples[0], samples[1])
          yield* talk(one, (agent) => shell(agent, "rm /workspace/noise /dev/shm/noise; sync"))
          yield* remembers(other, sum)
        }).pipe(Effect.scoped),
      120_000
    )

    it.effect(
      "rejects what is not as it was written down, before anything runs",
      (context) =>
        Effect.gen(function* () {
          const { hypervisor, template, traces } = yield* present(context)
          const { checkpoint } = yield* written(hypervisor, template)
          const before = traces()
          for (const [expected, damaged] of damages(checkpoint)) {
            const restoring = Effect.scoped(hypervisor.restore(template, damaged as Checkpoint))
            assert.strictEqual(yield* rejectionOf(restoring), expected)
          }
          assert.deepStrictEqual(traces(), before)
        }),
      120_000
    )

    it.effect(
      "puts a machine to disk and brings it back, as often as it is asked to",
      (context) =>
        Effect.gen(function* () {
          const { hypervisor, template } = yield* present(context)
          const asleep = <R>(waking: Effect.Effect<DurableVm, HypervisorError, R>, sum?: string) =>
            Effect.gen(function* () {
              const vm = yield* waking
              const known = sum ?? (yield* enliven(vm))
              if (sum !== undefined) yield* remembers(vm, sum)
              yield* vm.suspend
              return { id: vm.id, sum: known }
            }).pipe(Effect.scoped)
          const { id, sum } = yield* asleep(hypervisor.begin(template))
          for (let round = 0; round < rounds; round++) yield* asleep(hypervisor.resume(id), sum)
          const oneOf = (all: ReadonlyArray<Exit.Exit<DurableVm, HypervisorError>>) => {
            const [vm, ...others] = all.flatMap((exit) => (Exit.isSuccess(exit) ? [exit.value] : []))
            assert.deepStrictEqual(others, [])
            return vm === undefined ? Effect.die("nobody has the machine") : Effect.succeed(vm)
          }
          const resumed = Effect.exit(hypervisor.resume(id))
          yield* asleep(Effect.flatMap(Effect.all([resumed, resumed], { concurrency: 2 }), oneOf), sum)
          assert.strictEqual(yield* rejectionOf(hypervisor.remove(template.key)), "TemplateInUse")
          yield* hypervisor.discard(id)
          yield* hypervisor.discard(id)
          yield* hypervisor.discard("../machines")
          assert.strictEqual(yield* rejectionOf(Effect.scoped(hypervisor.resume(id))), "Lost")
        }),
      180_000
    )

    it.effect(
      "says that a machine is gone, whatever is asked of it",
      (context) =>
        Effect.gen(function* () {
          const { hypervisor, kill, template } = yield* present(context)
          const vm = yield* hypervisor.begin(template)
          const losing = yield* Effect.forkScoped(vm.lost)
          const failing = yield* Effect.flatMap(agentOf(vm), (agent) => Effect.forkScoped(Effect.flip(agent.failed)))
          kill(vm)
          assert.strictEqual((yield* Fiber.join(losing)).reason._tag, "Lost")
          assert.strictEqual((yield* Fiber.join(failing)).reason._tag, "LinkClosed")
          for (const asked of [vm.cpuMillis, Effect.asVoid(vm.memory), Effect.asVoid(writtenDown(vm))]) {
            assert.strictEqual(yield* rejectionOf<unknown, never>(asked), "Lost")
          }
        }).pipe(Effect.scoped),
      60_000
    )

    it.effect(
      "removes a template that no machine needs, and no other",
      (context) =>
        Effect.gen(function* () {
          const { hypervisor, image } = yield* present(context)
          let begun = 0
          const begins = Effect.sync(() => void begun++)
          const spare = yield* Effect.orDie(hypervisor.prepare(image, { ...noted, id: "spare", begins }))
          assert.strictEqual(begun, 1)
          yield* Effect.scoped(
            Effect.gen(function* () {
              yield* hypervisor.clone(spare)
              assert.strictEqual(yield* rejectionOf(hypervisor.remove(spare.key)), "TemplateInUse")
              yield* Effect.scoped(hypervisor.clone(spare))
            })
          )
          yield* hypervisor.remove(spare.key)
          yield* hypervisor.remove(spare.key)
          assert.strictEqual(yield* rejectionOf(Effect.scoped(hypervisor.clone(spare))), "TemplateMissing")
          assert.strictEqual(yield* rejectionOf(hypervisor.find(spare.key)), "TemplateMissing")
        }),
      120_000
    )

    it.effect(
      "keeps templates apart that differ in their names alone",
      (context) =>
        Effect.gen(function* () {
          const { hypervisor, image, template } = yield* present(context)
          const named = { ...image, template: { ...image.template, name: "twin" } }
          const twin = yield* Effect.orDie(hypervisor.prepare(named, noted))
          for (const each of [template, twin]) {
            const { checkpoint } = yield* written(hypervisor, each)
            const found = yield* hypervisor.find(checkpoint.header.template.key)
            assert.deepStrictEqual(found, each)
            yield* Effect.scoped(hypervisor.restore(found, checkpoint))
          }
          yield* hypervisor.remove(twin.key)
          assert.strictEqual(yield* rejectionOf(hypervisor.find(twin.key)), "TemplateMissing")
          assert.deepStrictEqual(yield* hypervisor.find(template.key), template)
        }),
      180_000
    )

    it.effect(
      "leaves nothing behind, however its machines end",
      (context) =>
        Effect.gen(function* () {
          const { hypervisor, template, traces } = yield* present(context)
          const { checkpoint } = yield* written(hypervisor, template)
          const writing = Effect.gen(function* () {
            const vm = yield* hypervisor.restore(template, checkpoint)
            yield* still(vm)
            yield* writtenDown(vm)
          })
          const ways = [hypervisor.clone(template), hypervisor.begin(template), writing]
          for (const way of ways) yield* Effect.scoped(way)
          const before = traces()
          for (const way of ways) {
            yield* Effect.scoped(way)
            for (const millis of steps) yield* Effect.timeoutOption(Effect.scoped(way), millis)
          }
          assert.deepStrictEqual(traces(), before)
        }),
      180_000
    )
  })
