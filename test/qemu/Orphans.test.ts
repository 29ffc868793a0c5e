import { spawn } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, layer } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import * as Identity from "../../src/process/Identity.ts"
import * as Durable from "../../src/qemu/machine/Durable.ts"
import { clear, reap } from "../../src/qemu/machine/Reap.ts"
import * as Template from "../../src/qemu/machine/Template.ts"
import { groupsOf } from "./trial.ts"
import { type Present, present, still, World } from "./world.ts"

const script = fileURLToPath(new URL("owner.ts", import.meta.url))

const parentOf = (pid: string): string => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? ""
  } catch {
    return ""
  }
}

/** All processes that a process has started, and those that they have. */
const below = (pid: number): ReadonlyArray<Identity.Identity> => {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name))
  const children = all.filter((other) => parentOf(other) === String(pid)).map(Number)
  return children.flatMap((child) => [...[Identity.identify(child) ?? []].flat(), ...below(child)])
}

/** Another process that has a machine. Gives the machine's directory, and ends the process as nobody can prepare for. */
const owner = ({ directory, snapshot: { manifest } }: Present, kind: "clone" | "durable" | "restored") =>
  Effect.acquireRelease(
    Effect.callback<{ readonly machine: string; readonly pid: number; readonly kill: Effect.Effect<void> }>(
      (resume) => {
        const given = [script, directory, manifest.template, manifest.key, kind]
        const child = spawn(process.execPath, given, { stdio: ["ignore", "pipe", "inherit"] })
        const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
        const kill = Effect.andThen(
          Effect.sync(() => child.kill("SIGKILL")),
          Effect.promise(() => ended)
        )
        child.stdout.once("data", (line) =>
          resume(Effect.succeed({ machine: String(line).trim(), pid: child.pid ?? 0, kill }))
        )
      }
    ),
    ({ kill }) => kill
  )

const untilAllEnded = (processes: ReadonlyArray<Identity.Identity>) =>
  Effect.sync(() => processes.some(Identity.isRunning)).pipe(
    Effect.repeat({ schedule: Schedule.spaced("5 millis"), while: (isAny) => isAny }),
    Effect.timeout("10 seconds")
  )

layer(World.layer, { timeout: "15 minutes", excludeTestServices: true })("machines whose owner was killed", (it) => {
  it.effect(
    "end with it, and the next one removes what they left",
    (context) =>
      Effect.gen(function* () {
        const world = yield* present(context)
        const { kill, machine, pid } = yield* owner(world, "clone")
        const processes = below(pid)
        assert.isAbove(processes.length, 0)
        assert.deepStrictEqual(yield* reap(world.host), [])
        assert.isTrue(existsSync(machine))
        yield* kill
        yield* untilAllEnded(processes)
        assert.deepStrictEqual(
          (yield* reap(world.host)).map(({ isEphemeral }) => isEphemeral),
          [true]
        )
        assert.isFalse(existsSync(machine))
        assert.deepStrictEqual(readdirSync(world.host.roster), [])
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect(
    "are removed though the roster has lost them, and those that somebody has, or has put to disk, are not",
    (context) =>
      Effect.gen(function* () {
        const { host, snapshot } = yield* present(context)
        const lost = join(host.machines, "0123456789abcdef")
        mkdirSync(lost)
        writeFileSync(join(lost, "upper.qcow2"), "")
        writeFileSync(join(host.roster, "0123456789abcdef.json"), "")
        yield* Effect.scoped(
          Effect.gen(function* () {
            const vm = yield* Durable.begin(host, snapshot, "asleep", Durable.asTemplate(snapshot))
            yield* still(vm)
            yield* vm.hibernate("process")
          })
        )
        const { id } = yield* Template.clone(host, snapshot)
        yield* clear(host)
        assert.sameMembers(readdirSync(host.machines), [id, "asleep"])
        assert.deepStrictEqual(readdirSync(host.roster), [`${id}.json`])
        yield* Durable.remove(host, "asleep")
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect.each(["durable", "restored"] as const)(
    "are lost if they were %s and ran, and it is known that they were there",
    (kind, context) =>
      Effect.gen(function* () {
        const world = yield* present(context)
        const { kill, machine, pid } = yield* owner(world, kind)
        const processes = below(pid)
        const groups = groupsOf(world.host.groupPrefix)
        assert.isAbove(groups.length, 0)
        yield* kill
        yield* untilAllEnded(processes)
        yield* reap(world.host)
        assert.deepStrictEqual(groupsOf(world.host.groupPrefix), [])
        assert.deepStrictEqual(readdirSync(machine), ["machine.json"])
        const { reason } = yield* Effect.flip(Effect.scoped(Durable.resume(world.host, "orphan")))
        assert.strictEqual(reason._tag, "Consumed")
        yield* Durable.remove(world.host, "orphan")
      }).pipe(Effect.scoped),
    120_000
  )
})
