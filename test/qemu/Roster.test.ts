import { spawn } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Identity from "../../src/process/Identity.ts"
import * as Roster from "../../src/qemu/process/Roster.ts"
import { temporary } from "./directory.ts"

/** A process that only its end ends. */
const sleeper = Effect.acquireRelease(
  Effect.callback<{ readonly identity: Identity.Identity; readonly ended: Promise<void> }>((resume) => {
    const child = spawn("sleep", ["1000"], { stdio: "ignore" })
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
    child.once("spawn", () => {
      const identity = Identity.identify(child.pid ?? 0)
      if (identity !== undefined) resume(Effect.succeed({ identity, ended }))
    })
  }),
  ({ identity }) => Effect.sync(() => Identity.kill(identity))
)

const durableFile = new URL("../../src/qemu/process/DurableFile.ts", import.meta.url).href

/** Ends as nobody can prepare for, with a draft that has not come to its place. */
const killedWriter = (path: string) => {
  const script = `
    import fs from "node:fs"
    import { syncBuiltinESMExports } from "node:module"
    fs.renameSync = () => process.kill(process.pid, "SIGKILL")
    syncBuiltinESMExports()
    const { replace } = await import(${JSON.stringify(durableFile)})
    replace(${JSON.stringify(path)}, "{}", "process")`
  return Effect.callback<void>((resume) => {
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: "ignore" })
    child.once("exit", () => resume(Effect.void))
  })
}

const ended: Identity.Identity = { pid: 1, startTicks: "1", realm: "another boot" }

const world = Effect.gen(function* () {
  const directory = yield* temporary
  const [roster, machine] = ["roster", "machine"].map((name) => join(directory, name)) as [string, string]
  for (const path of [roster, machine]) mkdirSync(path)
  writeFileSync(join(machine, "mem"), "memory")
  const write = (entry: Partial<Roster.Entry>) => {
    const whole = { version: 1, id: "a", directory: machine, isEphemeral: true, groups: [], owner: ended, ...entry }
    writeFileSync(join(roster, `${whole.id}.json`), JSON.stringify(whole))
  }
  return { roster, machine, write, reap: Roster.reap(roster, (path) => writeFileSync(join(path, "stripped"), "")) }
})

describe("Roster", () => {
  it.live("ends the process of an owner that has ended, and removes the machine", () =>
    Effect.gen(function* () {
      const { machine, reap, roster, write } = yield* world
      const process = yield* sleeper
      write({ process: process.identity })
      assert.deepStrictEqual(yield* reap, [{ id: "a", wasRunning: true, isEphemeral: true }])
      yield* Effect.promise(() => process.ended)
      assert.isFalse(existsSync(machine))
      assert.deepStrictEqual(readdirSync(roster), [])
    }).pipe(Effect.scoped)
  )

  it.live("leaves alone what belongs to an owner that lives", () =>
    Effect.gen(function* () {
      const { machine, reap, write } = yield* world
      const process = yield* sleeper
      write({ process: process.identity, owner: Identity.self() })
      assert.deepStrictEqual(yield* reap, [])
      assert.isTrue(Identity.isRunning(process.identity))
      assert.isTrue(existsSync(machine))
    }).pipe(Effect.scoped)
  )

  it.live("ends no process that only has the number of another", () =>
    Effect.gen(function* () {
      const { reap, write } = yield* world
      const { identity } = yield* sleeper
      write({ process: { ...identity, startTicks: `${Number(identity.startTicks) - 1}` } })
      write({ id: "b", process: { ...identity, realm: "another boot" } })
      assert.deepStrictEqual(
        (yield* reap).map(({ wasRunning }) => wasRunning),
        [false, false]
      )
      assert.isTrue(Identity.isRunning(identity))
    }).pipe(Effect.scoped)
  )

  it.live("leaves what belongs to another container, whose processes are not seen here", () =>
    Effect.gen(function* () {
      const { machine, reap, write } = yield* world
      const self = Identity.self()
      const [boot] = self.realm.split(" ")
      write({ owner: { ...self, realm: `${boot} pid:[1]` } })
      assert.deepStrictEqual(yield* reap, [])
      assert.isTrue(existsSync(machine))
      write({ owner: { ...self, realm: `another ${self.realm.split(" ")[1]}` } })
      assert.lengthOf(yield* reap, 1)
      assert.isFalse(existsSync(machine))
    }).pipe(Effect.scoped)
  )

  it.live("strips a durable machine and leaves its directory", () =>
    Effect.gen(function* () {
      const { machine, reap, write } = yield* world
      write({ isEphemeral: false })
      assert.deepStrictEqual(yield* reap, [{ id: "a", wasRunning: false, isEphemeral: false }])
      assert.isTrue(existsSync(join(machine, "stripped")))
    }).pipe(Effect.scoped)
  )

  it.live("passes over what it cannot read", () =>
    Effect.gen(function* () {
      const { reap, roster } = yield* world
      writeFileSync(join(roster, "half.json"), '{"version": 1, "id"')
      writeFileSync(join(roster, "later.json"), '{"version": 2}')
      assert.deepStrictEqual(yield* reap, [])
    }).pipe(Effect.scoped)
  )

  it.live("has nothing of a machine whose file was left empty, and knows of one that it cannot read", () =>
    Effect.gen(function* () {
      const { reap, roster } = yield* world
      writeFileSync(join(roster, "empty.json"), "")
      writeFileSync(join(roster, "later.json"), '{"version": 2}')
      assert.deepStrictEqual([...(yield* Roster.held(roster))], ["later"])
      assert.deepStrictEqual(yield* reap, [])
      assert.deepStrictEqual(readdirSync(roster), ["later.json"])
    }).pipe(Effect.scoped)
  )

  it.live("removes the drafts of writers that were killed, and none of others", () =>
    Effect.gen(function* () {
      const { machine, reap, roster, write } = yield* world
      const self = Identity.self()
      const draftOf = (name: string, writer: Identity.Identity) => `${name}.json.${Identity.labelOf(writer)}.draft`
      const elsewhere = { ...self, realm: `${self.realm.split(" ")[0]} another` }
      const theirs = [draftOf("a", self), draftOf("b", elsewhere), "c.json.nobody.draft"]
      const left = [draftOf("a", { ...self, startTicks: "1" }), draftOf("b", ended)]
      for (const name of [...theirs, ...left]) writeFileSync(join(roster, name), '{"version": 1, "id"')
      for (const writer of [self, ended]) writeFileSync(join(machine, draftOf("machine", writer)), "{")
      write({ isEphemeral: false })
      yield* reap
      assert.sameMembers(readdirSync(roster), theirs)
      assert.sameMembers(readdirSync(machine), ["mem", "stripped", draftOf("machine", self)])
    }).pipe(Effect.scoped)
  )

  it.live("leaves no draft of a writer that was killed before its file was in place", () =>
    Effect.gen(function* () {
      const { reap, roster } = yield* world
      yield* killedWriter(join(roster, "a.json"))
      assert.isAbove(readdirSync(roster).length, 0)
      yield* reap
      assert.deepStrictEqual(readdirSync(roster), [])
    }).pipe(Effect.scoped)
  )

  it.live("has a machine for as long as the scope is open", () =>
    Effect.gen(function* () {
      const { machine, roster } = yield* world
      const inside = yield* Effect.scoped(
        Effect.gen(function* () {
          const entry = { id: "mine", directory: machine, isEphemeral: true, groups: [] }
          yield* Roster.enter(roster, entry)
          yield* Roster.note(roster, entry, Identity.self())
          return yield* Roster.entries(roster)
        })
      )
      assert.deepStrictEqual(inside, [
        {
          version: 1,
          id: "mine",
          directory: machine,
          isEphemeral: true,
          groups: [],
          owner: Identity.self(),
          process: Identity.self()
        }
      ])
      assert.deepStrictEqual(yield* Roster.entries(roster), [])
    }).pipe(Effect.scoped)
  )
})
