import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import * as Identity from "../../src/process/Identity.ts"
import * as Child from "../../src/qemu/process/Child.ts"
import { Tail } from "../../src/qemu/process/Tail.ts"

const directory = mkdtempSync(join(tmpdir(), "caisson-child-"))
afterAll(() => rmSync(directory, { recursive: true }))

const shell = (script: string, ...inherits: ReadonlyArray<Child.Inherited>): Child.Command => ({
  name: "sh",
  program: "/bin/sh",
  arguments: ["-c", script],
  ownDirectory: directory,
  inherits
})

const socket: Child.Inherited = { _tag: "Socket" }

const openDescriptors = () =>
  readdirSync("/proc/self/fd").flatMap((name) => {
    try {
      return [readlinkSync(`/proc/self/fd/${name}`)]
    } catch {
      return []
    }
  })

const ownSockets = () => openDescriptors().filter((target) => /^(socket|pipe):/.test(target)).length

/** Waits for a fact that no event tells. */
const until = (fact: () => boolean) =>
  Effect.sync(fact).pipe(
    Effect.repeat({ schedule: Schedule.spaced("5 millis"), until: (holds) => holds }),
    Effect.timeout("10 seconds")
  )

describe("Child", () => {
  it.live("talks over the sockets that its process has inherited", () =>
    Effect.gen(function* () {
      const child = yield* Child.launch(shell('read line <&3; echo "$line back" >&4; read end <&3', socket, socket))
      const [input, output] = child.sockets
      const answer = Effect.callback<string>((resume) => {
        output?.once("data", (bytes) => resume(Effect.succeed(String(bytes))))
        input?.write("there\n")
      })
      assert.strictEqual(yield* answer, "there back\n")
    }).pipe(Effect.scoped)
  )

  it.live("ends its process with the scope, and keeps no descriptor", () =>
    Effect.gen(function* () {
      const before = ownSockets()
      const script = "trap '' TERM HUP INT; read line <&3"
      const launched = Child.launch(shell(script, socket, socket))
      const identity = yield* Effect.scoped(Effect.map(launched, ({ pid }) => Identity.identify(pid)))
      assert.isDefined(identity)
      if (identity !== undefined) assert.isFalse(Identity.isRunning(identity))
      yield* until(() => ownSockets() <= before)
    })
  )

  it.live("ends what its process has left behind in its directory", () =>
    Effect.gen(function* () {
      const left = "sleep 1000 & echo $! >&4"
      const pid = yield* Effect.scoped(
        Effect.gen(function* () {
          const child = yield* Child.launch(shell(left, socket, socket))
          const [, output] = child.sockets
          return yield* Effect.callback<number>((resume) => {
            output?.once("data", (bytes) => resume(Effect.succeed(Number(String(bytes)))))
          })
        })
      )
      yield* until(() => Identity.startTicksOf(pid) === undefined)
      assert.isAbove(pid, 1)
    })
  )

  it.live("says how its process ended, and what it said last", () =>
    Effect.gen(function* () {
      const child = yield* Child.launch(shell("echo no such machine >&2; exit 3"))
      assert.strictEqual(yield* child.ended, "exit 3")
      yield* until(() => Effect.runSync(child.said) !== "")
      const { reason } = yield* Effect.flip(child.failsWhenEnded)
      assert.deepInclude(reason, { _tag: "Ended", program: "sh", how: "exit 3" })
      assert.match(reason.message, /no such machine/)
    }).pipe(Effect.scoped)
  )

  it.live("names the signal that ended a process", () =>
    Effect.gen(function* () {
      const child = yield* Child.launch(shell("kill -SEGV $$"))
      assert.strictEqual(yield* child.ended, "SIGSEGV")
    }).pipe(Effect.scoped)
  )

  it.live("tells a program that is not there from a file that is not", () =>
    Effect.gen(function* () {
      const absent = Child.launch({ ...shell("true"), program: "/nowhere/qemu" })
      assert.strictEqual((yield* Effect.flip(Effect.scoped(absent))).reason._tag, "NotInstalled")
      const unreadable = Child.launch(shell("true", { _tag: "File", path: "/nowhere/state", access: "r" }))
      assert.strictEqual((yield* Effect.flip(Effect.scoped(unreadable))).reason._tag, "StorageFailed")
    })
  )

  it.live("gives a file as an open descriptor", () =>
    Effect.gen(function* () {
      const file: Child.Inherited = { _tag: "File", path: "/proc/sys/kernel/ostype", access: "r" }
      const child = yield* Child.launch(shell("read kind <&4; echo $kind >&3", socket, file))
      const [output] = child.sockets
      const kind = Effect.callback<string>((resume) => {
        output?.once("data", (bytes) => resume(Effect.succeed(String(bytes))))
      })
      assert.strictEqual(yield* kind, "Linux\n")
    }).pipe(Effect.scoped)
  )
})

describe("Tail", () => {
  it("keeps the end of any amount", () => {
    const tail = new Tail(100)
    for (let line = 0; line < 10_000; line++) tail.push(Buffer.from(`line ${line}\n`))
    assert.strictEqual(tail.text.length, 100)
    assert.isTrue(tail.text.endsWith("line 9999\n"))
    tail.push(new Uint8Array(1_000).fill(0x61))
    assert.strictEqual(tail.text, "a".repeat(100))
  })

  it("shows no control characters", () => {
    const tail = new Tail(100)
    tail.push(Buffer.from("a\u001b[2Jb\r\nc"))
    assert.strictEqual(tail.text, "a [2Jb \nc")
  })
})
