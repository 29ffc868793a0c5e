import { assert, layer } from "@effect/vitest"
import { Context, Effect, Fiber, Layer } from "effect"
import type { RunResult } from "../../src/session/RunResult.ts"
import type { Session } from "../../src/session/Session.ts"
import type { Sessions } from "../../src/session/Sessions.ts"
import { EventLoop } from "../security/EventLoop.ts"
import { completed } from "../session/results.ts"
import { agentOf, shell } from "./guest.ts"
import { type Attack, attacks, type Ending } from "./hostile.ts"
import { leftOut } from "./leftOut.ts"
import { lacking } from "./machines.ts"
import { Grounds, granted, grounds, machinesIn, patient, remains, sessions, template } from "./sessions.ts"

/** A session to go back to, again and again. */
interface Attacker {
  readonly session: Session
  /** Where it was last known to be as it should. Only the newest points are kept. */
  point: number
}

class Field extends Context.Service<
  Field,
  {
    readonly sessions: Sessions["Service"]
    readonly attackers: { readonly patient: Attacker; readonly brief: Attacker }
    readonly sibling: Session
    readonly loop: EventLoop
  }
>()("test/microvm/Field") {}

const remembering = Effect.fnUntraced(function* (session: Session) {
  yield* session.run("kept = 'canary'")
  return { session, point: session.state().seq }
})

/** Fewer calls than usual at once: each answer takes its time here. */
const enough = { ...patient, outstandingCalls: 32 }

/** Time for what never ends: more than an honest program needs here. */
const brief = { ...enough, cpuSliceMillis: 4_000, cpuRunMillis: 8_000 }

const field = Layer.effect(
  Field,
  Effect.gen(function* () {
    const made = yield* sessions()
    const options = yield* granted()
    const open = (limits: typeof enough) => made.open({ ...options, limits })
    const attackers = {
      patient: yield* remembering(yield* open(enough)),
      brief: yield* remembering(yield* open(brief))
    }
    const { session: sibling } = yield* remembering(yield* open(enough))
    const loop = new EventLoop()
    yield* Effect.acquireRelease(
      Effect.sync(() => loop.start()),
      () => Effect.promise(() => loop.stop())
    )
    return { sessions: made, attackers, sibling, loop }
  })
).pipe(Layer.provideMerge(grounds))

const assertEnding = (result: RunResult, ending: Ending) => {
  const shown = JSON.stringify({ ...result, stdout: "", stderr: "" }).slice(0, 2_000)
  if ("completes" in ending) return assert.deepStrictEqual(completed(result), ending.completes)
  if ("either" in ending && result._tag === "Completed") return
  assert.strictEqual(result._tag, "Failed", shown)
  if (result._tag !== "Failed") return
  assert.include("stopped" in ending ? ending.stopped : ending.either, result.error.reason, shown)
  assert.isTrue(result.rolledBack, shown)
}

/** An attack beside another session that is at work. The attacker's session goes on from before, on another machine. */
const repel = Effect.fnUntraced(function* ({ ending, isEndless = false, language, source }: Attack) {
  const { attackers, sibling } = yield* Field
  const { directory } = yield* Grounds
  const attacker = isEndless ? attackers.brief : attackers.patient
  const { session } = attacker
  const working = yield* Effect.forkChild(sibling.run("[kept, tools.ask(amount=7)]"))
  const result = yield* session.run(source, { language })
  assertEnding(result, ending)
  assert.isAtMost(result.stdout.length + result.stderr.length, session.state().limits.outputBytes + 512)
  assert.deepStrictEqual(completed(yield* Fiber.join(working)), ["canary", 7])
  // What it has left behind at work goes with the machine.
  if (result._tag === "Completed") yield* session.rewind(attacker.point)
  yield* session.files.list("/workspace")
  assert.strictEqual(completed(yield* session.run("kept")), "canary")
  attacker.point = session.state().seq
  assert.isAtMost(machinesIn(directory).length, 3)
})

const codeOf = (reading: Effect.Effect<unknown, { readonly _tag: string; readonly code?: string }>) =>
  Effect.map(Effect.flip(reading), (error) => error.code ?? error._tag)

const traps = `
import os
os.chdir("/workspace")
open(b"no \\xff text", "w").close()
os.mkfifo("pipe")
for name, target in dict(passwords="/etc/shadow", log="/proc/kmsg", memory="/proc/kcore", agent="/proc/1/mem", zeros="/dev/zero",
                         disk="/dev/vda", itself="itself", lever="/proc/sysrq-trigger", up="../" * 50 + "dev/kmsg").items():
    os.symlink(target, name)`

const fill = `
import os
size, file = 1 << 30, os.open("/workspace/large", os.O_CREAT | os.O_WRONLY)
while size > 2_000:
    try:
        os.posix_fallocate(file, os.fstat(file).st_size, size)
    except OSError:
        size //= 2
try:
    for index in range(10_000):
        with open(f"/workspace/{index}", "w") as small:
            small.write("x" * 5_000)
    full = False
except OSError as error:
    full = error.errno == 28
full`

const why = await lacking(template)

if (why !== undefined) leftOut("hostile guests of the microVM tier", why)
else
  layer(field, { timeout: "15 minutes", excludeTestServices: true })("a guest that means harm", (it) => {
    for (const attack of attacks) it.effect(attack.title, () => repel(attack), 180_000)

    it.effect(
      "sleeps for ever",
      () =>
        Effect.gen(function* () {
          const { sessions } = yield* Field
          const session = yield* sessions.open({ ...(yield* granted()), limits: { ...patient, wallMillis: 8_000 } })
          const asleep = yield* session.run("import subprocess\nsubprocess.run(['sleep', 'infinity'])")
          assertEnding(asleep, { stopped: ["WallLimit"] })
          assert.strictEqual(completed(yield* session.run("1")), 1)
        }).pipe(Effect.scoped),
      180_000
    )

    it.effect(
      "sets traps for whoever looks at its files",
      () =>
        Effect.gen(function* () {
          const { attackers } = yield* Field
          const { point, session } = attackers.patient
          completed(yield* session.run(traps))
          const { files } = session
          const names = (yield* files.list("/workspace")).map(({ path }) => path.replace("/workspace/", ""))
          assert.sameMembers(names, ["agent", "disk", "itself", "lever", "log", "memory", "passwords", "up", "zeros"])
          for (const [name, code] of [
            ["pipe", "EINVAL"],
            ["zeros", "EINVAL"],
            ["disk", "EINVAL"],
            ["up", "EINVAL"],
            ["log", "EACCES"],
            ["memory", "EACCES"],
            ["agent", "EACCES"],
            ["itself", "ELOOP"]
          ] as const) {
            assert.strictEqual(yield* codeOf(files.read(name)), code, name)
          }
          assert.strictEqual(yield* codeOf(files.write("lever", "c", { append: true })), "EACCES")
          assert.strictEqual(yield* codeOf(files.write("zeros", "x")), "EINVAL")
          assert.strictEqual(completed(yield* session.run("kept")), "canary")
          yield* session.rewind(point)
        }),
      180_000
    )

    it.effect(
      "fills its disk",
      () =>
        Effect.gen(function* () {
          const { attackers } = yield* Field
          const { point, session } = attackers.patient
          assert.isTrue(completed(yield* session.run(fill)))
          assert.strictEqual(yield* codeOf(session.files.write("more", new Uint8Array(1_000_000))), "ENOSPC")
          assert.strictEqual(completed(yield* session.run("kept")), "canary")
          yield* session.rewind(point)
          yield* session.files.write("more", new Uint8Array(1_000_000))
          yield* session.rewind(point)
        }),
      180_000
    )

    it.effect(
      "ends its kernel as root, and is known to be gone",
      () =>
        Effect.gen(function* () {
          const { hypervisor } = yield* Grounds
          const [stored] = yield* hypervisor.stored
          const made = yield* hypervisor.find(stored?.key ?? "")
          for (const end of ["echo c > /proc/sysrq-trigger", "echo o > /proc/sysrq-trigger; sleep 60"]) {
            const vm = yield* hypervisor.clone(made)
            const agent = yield* agentOf(vm)
            const losing = yield* Effect.forkScoped(vm.lost)
            const running = yield* Effect.forkScoped(Effect.exit(shell(agent, end, "root")))
            assert.strictEqual((yield* Fiber.join(losing)).reason._tag, "Lost")
            assert.strictEqual((yield* Effect.flip(agent.failed)).reason._tag, "LinkClosed")
            yield* Fiber.join(running)
          }
        }).pipe(Effect.scoped),
      120_000
    )

    it.effect(
      "has held up nobody, and has left nothing",
      () =>
        Effect.gen(function* () {
          const { attackers, loop, sibling } = yield* Field
          const { directory } = yield* Grounds
          assert.isAbove(loop.samples, 1_000)
          assert.isBelow(yield* Effect.promise(() => loop.lateness(99)), 100)
          for (const session of [attackers.patient.session, attackers.brief.session, sibling]) yield* session.close
          assert.deepStrictEqual(remains(directory), [])
        }),
      60_000
    )
  })
