import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Option, Schedule } from "effect"
import { defaults } from "../../src/machine/Limits.ts"
import { Machines } from "../../src/machine/Machine.ts"
import * as MicroVm from "../../src/microvm/MicroVm.ts"
import type { Session } from "../../src/session/Session.ts"
import * as Pool from "../../src/supervisor/Pool.ts"
import { completed } from "../session/results.ts"
import { hibernations, lives } from "./cycles.ts"
import { leftOut } from "./leftOut.ts"
import { key, lacking, tierIn } from "./machines.ts"
import {
  Grounds,
  granted,
  grounds,
  killMachine,
  machinesIn,
  patient,
  remains,
  sessions,
  small,
  template
} from "./sessions.ts"

const script = fileURLToPath(new URL("sessionProcess.ts", import.meta.url))

/** Another process with sessions, which is ended as nobody can prepare for. */
const killed = Effect.fnUntraced(function* (directory: string) {
  const given = [script, directory, key.export().toString("hex")]
  const child = spawn(process.execPath, given, { stdio: ["ignore", "pipe", "inherit"] })
  const ended = once(child, "exit")
  yield* Effect.addFinalizer(() => Effect.sync(() => child.kill("SIGKILL")))
  const { value: call } = yield* Effect.promise(() =>
    createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
  )
  const machines = machinesIn(directory)
  child.kill("SIGKILL")
  yield* Effect.promise(() => ended)
  return { call: String(call), machines }
})

/** The same directory, as a process has it that comes later. */
const later = Effect.fnUntraced(function* () {
  const { directory, hypervisor } = yield* Grounds
  const context = yield* Layer.build(Layer.fresh(tierIn(directory, template, small)))
  return { directory, hypervisor, tier: Context.get(context, Machines) }
})

const failure = (result: Effect.Success<ReturnType<Session["run"]>>) =>
  result._tag === "Failed" ? [result.error.reason, result.rolledBack] : result._tag

/** Chance as the kernel, a library and the session's seed have it. */
const chance = "import os, random, uuid\n[os.urandom(16).hex(), str(uuid.uuid4()), random.random()]"

const why = await lacking(template)

if (why !== undefined) leftOut("sessions of the microVM tier", why)
else
  layer(grounds, { timeout: "15 minutes", excludeTestServices: true })("a session over real machines", (it) => {
    it.effect(
      "outlives a process that is killed: waiting, idle, and in the middle of a run",
      () =>
        Effect.gen(function* () {
          const { directory } = yield* Grounds
          const { call, machines } = yield* killed(directory)
          assert.lengthOf(machines, 3)
          const paid: Array<number> = []
          const options = yield* granted(paid)
          yield* Effect.gen(function* () {
            const made = yield* sessions()
            assert.deepStrictEqual(remains(directory), [])
            const waiting = yield* made.resume("waiting", options)
            assert.strictEqual(completed(yield* waiting.answer(call, { _tag: "Approve", by: "ann" })), 37)
            const idle = yield* made.resume("idle", options)
            assert.strictEqual(completed(yield* idle.run("kept")), 41)
            const busy = yield* made.resume("busy", options)
            const lost = Option.getOrThrow(yield* busy.resume())
            assert.deepStrictEqual(failure(lost), ["MachineLost", true])
            const again = yield* busy.run("kept = 0\ntools.pay(amount=1)\ntools.pay(amount=2)", { runId: "lost" })
            assert.deepStrictEqual(failure(again), ["MachineLost", true])
            const answered = (yield* made.entries("busy")).filter(({ event }) => event._tag === "CallAnswered")
            assert.lengthOf(answered, 1)
            assert.strictEqual(completed(yield* busy.run("kept")), 41)
            assert.deepStrictEqual(paid, [])
          }).pipe(Effect.provideServiceEffect(Grounds, later()), Effect.scoped)
        }).pipe(Effect.scoped),
      180_000
    )

    it.effect(
      "keeps a run whose machine is gone before its guest could be entered, and makes it in another one",
      () =>
        Effect.gen(function* () {
          const { directory, tier } = yield* Grounds
          const others = machinesIn(directory)
          let kills = 1
          const boot: typeof tier.boot = (options) =>
            Effect.tap(tier.boot(options), () =>
              Effect.sync(() => {
                const own = machinesIn(directory).filter((id) => !others.includes(id))
                if (kills-- > 0) for (const id of own) killMachine(directory, id)
              })
            )
          const made = yield* sessions({}, { boot })
          const session = yield* made.open(yield* granted())
          const run = session.run("kept = 1\nkept + 1", { runId: "first" })
          const error = yield* Effect.flip(run)
          assert.strictEqual(error.reason._tag, "MachineUnavailable")
          const ended = (yield* made.entries(session.id)).filter(({ event }) => event._tag === "RunEnded")
          assert.lengthOf(ended, 0)
          assert.strictEqual(completed(yield* run), 2)
          assert.strictEqual(completed(yield* session.run("kept")), 1)
        }).pipe(Effect.scoped),
      120_000
    )

    it.effect(
      "goes on from before when its hypervisor is killed: at once between two runs, after a word in one",
      () =>
        Effect.gen(function* () {
          const { directory } = yield* Grounds
          const paid: Array<number> = []
          const kill = Effect.sync(() => {
            for (const id of machinesIn(directory)) killMachine(directory, id)
          })
          const session = yield* (yield* sessions()).open(yield* granted(paid, kill))
          yield* session.run("kept = 'before'")
          yield* kill
          assert.strictEqual(completed(yield* session.run("kept")), "before")
          yield* kill
          assert.deepStrictEqual(yield* session.files.list(), [])
          const lost = yield* session.run("kept = 'lost'\ntools.pay(amount=1)\ntools.pay(amount=2)")
          assert.deepStrictEqual(failure(lost), ["MachineLost", true])
          assert.lengthOf(lost._tag === "Failed" ? lost.error.message.split("is gone") : [], 2)
          assert.deepStrictEqual(paid, [1])
          assert.strictEqual(completed(yield* session.run("kept")), "before")
        }).pipe(Effect.scoped),
      120_000
    )

    it.effect(
      "ends a run, and its machine, when its time is over",
      () =>
        Effect.gen(function* () {
          const { directory } = yield* Grounds
          const others = machinesIn(directory)
          const session = yield* (yield* sessions({}, { totalMillis: 12_000 })).open(yield* granted())
          const ended = yield* session.run("import time\ntime.sleep(600)")
          assert.deepStrictEqual(failure(ended), ["SessionExpired", true])
          assert.deepStrictEqual(machinesIn(directory), others)
        }).pipe(Effect.scoped),
      120_000
    )

    it.effect(
      "keeps its memory, files, processes and clock in hibernation, and over and over again",
      () =>
        Effect.gen(function* () {
          assert.lengthOf(yield* hibernations(3), 3)
        }),
      180_000
    )

    it.effect(
      "shows what a program displays, unless its template has text alone",
      () =>
        Effect.gen(function* () {
          const { directory, tier } = yield* Grounds
          const plain = yield* Layer.build(Layer.fresh(tierIn(directory, template, { ...small, output: "text" })))
          const shown = yield* Effect.forEach([tier, Context.get(plain, Machines)], (machines) =>
            Effect.gen(function* () {
              const machine = yield* machines.boot({ limits: { ...defaults, ...patient }, seed: "seed" })
              const source = "display('shown')\n2"
              return yield* machine.start({ ordinal: 1, language: "python", source, nowMillis: 0, tools: [] })
            }).pipe(Effect.scoped)
          )
          const said = shown.map((turn) => [turn._tag === "Completed" && turn.value, turn.displays?.[0]])
          assert.deepStrictEqual(said, [
            ["2", { mediaType: "text/plain", text: "'shown'" }],
            ["2", undefined]
          ])
        }).pipe(Effect.scoped),
      120_000
    )

    it.effect(
      "goes on in a machine that was kept ready as in one that was made for it",
      () =>
        Effect.gen(function* () {
          const { directory, tier } = yield* Grounds
          const pools: Array<Pool.Pool<MicroVm.Ready>> = []
          const keep: MicroVm.MicroVmOptions["keep"] = (make) =>
            Effect.map(Pool.make({ size: 1, make, lost: MicroVm.lost, budget: Pool.budget(1), cost: 1 }), (pool) => {
              pools.push(pool)
              return pool.take
            })
          const filled = Effect.sync(() => pools[0]?.counts().ready).pipe(
            Effect.repeat({ schedule: Schedule.spaced("20 millis"), until: (ready) => ready === 1 }),
            Effect.timeout("60 seconds")
          )
          const kept = yield* Layer.build(Layer.fresh(tierIn(directory, template, small, { keep })))
          const source = `${chance}, sorted(name for name in globals() if not name.startswith("__"))`
          const begun = Effect.fnUntraced(function* (machines: Machines["Service"], isEphemeral: boolean) {
            const limits = { ...defaults, ...patient }
            const machine = yield* machines.boot({ limits, seed: "one", isEphemeral })
            return yield* machine.start({ ordinal: 1, language: "python", source, nowMillis: 0, tools: [] })
          }, Effect.scoped)
          const turns = [yield* begun(tier, false)]
          for (const isEphemeral of [false, true]) {
            yield* filled
            turns.push(yield* begun(Context.get(kept, Machines), isEphemeral))
          }
          assert.deepInclude(pools[0]?.counts(), { hits: 2, misses: 0 })
          const values = turns.map((turn) => (turn._tag === "Completed" ? JSON.parse(turn.value) : turn))
          assert.strictEqual(new Set(values.map(([[kernel]]) => kernel)).size, 3)
          assert.deepStrictEqual(
            values.map(([[, , number], names]) => [number, names]),
            values.map(() => [values[0][0][2], values[0][1]])
          )
          assert.deepStrictEqual(
            turns.map(({ files }) => files),
            turns.map(() => undefined)
          )
        }).pipe(Effect.scoped),
      120_000
    )

    it.effect(
      "tells what memory its programs have",
      () =>
        Effect.gen(function* () {
          const { tier } = yield* Grounds
          const machine = yield* tier.boot({ limits: { ...defaults, ...patient }, seed: "seed" })
          const sources = ["1", "kept = b'x' * (64 << 20)", "del kept"]
          const turns = yield* Effect.forEach(sources, (source, index) =>
            machine.start({ ordinal: index + 1, language: "python", source, nowMillis: 0, tools: [] })
          )
          const [before = 0, during = 0, after = 0] = turns.map(({ usage }) => usage.memoryBytes / 1_048_576)
          assert.isAtLeast(before, 1)
          assert.closeTo(during - before, 64, 8)
          assert.closeTo(after, before, 8)
        }).pipe(Effect.scoped),
      120_000
    )

    it.effect("leaves nothing of its machines, however many there are", () => Effect.asVoid(lives(6)), 180_000)

    it.effect(
      "O13 has the chance of its seed, and a kernel with chance of its own, from its template and from a snapshot",
      () =>
        Effect.gen(function* () {
          const made = yield* sessions()
          const options = yield* granted()
          const first = yield* made.open({ ...options, seed: "one" })
          const all = [completed(yield* first.run(chance))]
          for (const seed of ["one", "two"]) {
            const session = yield* made.open({ ...options, seed })
            all.push(completed(yield* session.run(chance)))
            yield* session.close
          }
          for (let index = 0; index < 2; index++) {
            const fork = yield* made.resume(yield* made.fork(first.id), options)
            all.push(completed(yield* fork.run(chance)))
            yield* fork.close
          }
          assert.strictEqual(new Set(all.map(([kernel]) => kernel)).size, 5)
          assert.strictEqual(new Set(all.map(([, uuid]) => uuid)).size, 5)
          const [one, again, two, fork, other] = all.map(([, , number]) => number)
          assert.deepStrictEqual([again, other], [one, fork])
          assert.strictEqual(new Set([one, two, fork]).size, 3)
        }).pipe(Effect.scoped),
      120_000
    )
  })
