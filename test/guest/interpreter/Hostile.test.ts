import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Result, Schema } from "effect"
import type { TestContext } from "vitest"
import * as Interpreter from "../../../src/guest/interpreter/Interpreter.ts"
import { MessageReader } from "../../../src/guest/interpreter/MessageReader.ts"
import { defaults } from "../../../src/machine/Limits.ts"
import type { Output } from "../../../src/machine/Turn.ts"
import { epoch, expectTag, give, parked } from "../../contract/machine/Steps.ts"
import { agent, needsGo } from "../guest.ts"
import { interpreter, needs, printed, run, runner } from "./interpreters.ts"

const record = (message: unknown): Buffer => {
  const text = Buffer.from(typeof message === "string" ? message : JSON.stringify(message))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(text.length)
  return Buffer.concat([length, text])
}

const usage = { memoryBytes: 0 }
const turn = (said: object, rest: object = {}) => record({ say: "turn", turn: said, usage, ...rest })
const completed = (value = "1", rest: object = {}) => turn({ _tag: "Completed", value, cancelled: [] }, rest)
const call = (id: string, text = "[]") => ({ id, path: "ask", arguments: text })
const parkedAt = (calls: ReadonlyArray<object>, rest: object = {}) =>
  turn({ _tag: "Parked", calls, sleeps: [], cancelled: [], ...rest })
const output = (text: string) => record({ say: "output", stream: "stdout", text })

const ready = record({ say: "ready", version: 1, languages: ["python"] })

/** Says one of the given replies when it is started, and one more for each message that it is sent. */
const player = `
const replies = JSON.parse(require("node:fs").readFileSync(process.argv[1]))
let held = Buffer.alloc(0)
const say = () => process.stdout.write(Buffer.from(replies.shift() ?? "", "hex"))
say()
process.stdin.on("data", (bytes) => {
  held = Buffer.concat([held, bytes])
  while (held.length >= 4 && held.length >= 4 + held.readUInt32LE(0)) {
    held = held.subarray(4 + held.readUInt32LE(0))
    say()
  }
})`

const limits = {
  ...defaults,
  outputBytes: 100,
  argumentBytes: 1_000,
  resultBytes: 1_000,
  outstandingCalls: 2,
  callsPerRun: 3
}

/** An interpreter that says what it was given. */
const playing = Effect.fnUntraced(function* (context: TestContext, ...replies: ReadonlyArray<Buffer>) {
  needsGo(context)
  const machine = yield* agent()
  const file = join(machine.guest.files, "replies")
  writeFileSync(file, JSON.stringify([ready, ...replies].map((bytes) => bytes.toString("hex"))))
  const arguments_ = [process.execPath, "-e", player, file] as const
  return yield* Interpreter.start(
    machine,
    { id: "player", arguments: [...arguments_], user: "root", environment: {} },
    { limits }
  )
})

const reasonOf = <A, R>(work: Effect.Effect<A, Interpreter.Trouble, R>) =>
  Effect.map(Effect.flip(work), ({ reason }) => reason._tag)

const offences: ReadonlyArray<readonly [title: string, reply: Buffer]> = [
  ["noise", Buffer.from("hello, this is no message at all")],
  ["a length beyond all bounds", Buffer.from("ffffffff", "hex")],
  ["a length that is a little too large", Buffer.from([0, 0, 0, 8])],
  ["no JSON", record("{")],
  ["no text", record(Buffer.from("ff", "hex").toString("latin1").repeat(3))],
  ["another message", record({ say: "hello" })],
  ["a field too many", completed("1", { more: 1 })],
  ["a second ready", ready],
  ["an answer to what was not asked", record({ say: "prepared" })],
  ["two turns", Buffer.concat([completed(), completed()])],
  ["output after its turn", Buffer.concat([completed(), output("late")])],
  ["more output than is allowed", output("x".repeat(1_000))],
  ["a flood of output", Buffer.concat(Array.from({ length: 20_001 }, () => output("")))],
  ["a result that is too large", completed(JSON.stringify("x".repeat(2_000)))],
  ["a call of another run", parkedAt([call("2.1")])],
  ["an id that is none", parkedAt([call("1.01")])],
  ["an id that comes twice", parkedAt([call("1.1"), call("1.1")])],
  ["ids in no order", parkedAt([call("1.2"), call("1.1")])],
  ["an id of a call and of a sleep", parkedAt([call("1.1")], { sleeps: [{ id: "1.1", dueMillis: 0 }] })],
  ["more calls than may wait", parkedAt([call("1.1"), call("1.2"), call("1.3")])],
  ["more calls than a run may make", parkedAt([call("1.4")])],
  ["arguments that are too large", parkedAt([call("1.1", `[${"1,".repeat(600)}1]`)])],
  ["a path that is too long", parkedAt([{ ...call("1.1"), path: "x".repeat(300) }])],
  ["what nothing waits for called off", parkedAt([call("1.1")], { cancelled: ["1.1"] })],
  ["a run that waits for nothing", parkedAt([])],
  ["a time that is none", parkedAt([], { sleeps: [{ id: "1.1", dueMillis: "soon" }] })],
  [
    "an error that is too long",
    turn({ _tag: "Failed", error: { name: "E", message: "x".repeat(40_000) }, cancelled: [] })
  ],
  ["too many displays", completed("1", { displays: Array.from({ length: 65 }, () => ({ mediaType: "a/b" })) })]
]

describe("a host whose interpreter is hostile", () => {
  for (const [title, reply] of offences) {
    it.live(`gives it up because of ${title}`, (context) =>
      Effect.gen(function* () {
        const { failed, start } = yield* playing(context, reply)
        yield* Effect.exit(start(run("python", "x")))
        assert.strictEqual(yield* reasonOf(failed), "Misbehaved")
        assert.strictEqual(yield* reasonOf(start(run("python", "x"))), "Misbehaved")
      })
    )
  }

  it.live("believes no answer of its own to what it did not wait for", (context) =>
    Effect.gen(function* () {
      const { answer, start } = yield* playing(context, parkedAt([call("1.1")]), parkedAt([call("1.1")]))
      parked(yield* start(run("python", "x")))
      const still = parked(yield* answer([give("1.2", 1), { id: "1.1" }], epoch))
      assert.deepStrictEqual([still.calls, still.cancelled], [[], []])
      assert.strictEqual(yield* reasonOf(answer([give("1.1", 1)], epoch)), "Misbehaved")
    })
  )

  it.live("calls off what a run has left open, whatever its guest says of that", (context) =>
    Effect.gen(function* () {
      const { answer, start } = yield* playing(context, parkedAt([call("1.1"), call("1.2")]), completed())
      yield* start(run("python", "x"))
      const ended = yield* answer([give("1.1", 1)], epoch)
      assert.deepStrictEqual([expectTag(ended, "Completed").value, ended.cancelled], ["1", ["1.2"]])
    })
  )

  it.live("hears of the end of one that ends, in a turn and between two", (context) =>
    Effect.gen(function* () {
      needs(context, "python")
      for (const source of [
        "import os; os._exit(3)",
        "import os; os.kill(os.getpid(), 9)",
        "import os; os.kill(os.getppid(), 9)",
        "import ctypes; ctypes.string_at(0)",
        "import os; os.closerange(0, 100)",
        "import os; os.write(3, b'garbage garbage')"
      ]) {
        const { failed, start } = yield* interpreter(["python"])
        assert.strictEqual(yield* reasonOf(start(run("python", source))), "InterpreterEnded", source)
        assert.strictEqual(yield* reasonOf(failed), "InterpreterEnded")
        assert.strictEqual(yield* reasonOf(start(run("python", "1"))), "InterpreterEnded")
      }
      const idle = yield* interpreter(["python"])
      const later = "import threading, os\nthreading.Timer(0.05, lambda: os._exit(1)).start()"
      expectTag(yield* idle.start(run("python", later)), "Completed")
      assert.strictEqual(yield* reasonOf(idle.failed), "InterpreterEnded")
    })
  )

  it.live("says what has ended, and how, and nothing else", (context) =>
    Effect.gen(function* () {
      needs(context, "python", "shell")
      for (const [source, words] of [
        ["import os; os._exit(3)", "Python has ended: exit code 3"],
        ["import os; os.kill(os.getpid(), 9)", "Python has ended: signal 9"],
        ["import os; os.kill(os.getppid(), 9)", "the interpreter has ended: signal 9"],
        ["import os; os.kill(os.getppid(), 3)", "the interpreter has ended: exit code 2"],
        ["import os; os.closerange(0, 100)", "Python has ended: exit code 1"],
        ["import os; os.write(3, b'garbage garbage')", "Python can no longer be spoken with"]
      ] as const) {
        const { start } = yield* interpreter(["python"])
        const { message } = yield* Effect.flip(start(run("python", source)))
        assert.strictEqual(message, words)
      }
      const shell = yield* interpreter(["shell"])
      yield* shell.start(run("shell", "it=$BASHPID; { sleep 0.1; kill -9 $it; } &"))
      const { message } = yield* Effect.flip(shell.failed)
      assert.strictEqual(message, "the shell has ended: signal 9")
    })
  )

  it.live("hears what was printed before the end", (context) =>
    Effect.gen(function* () {
      needs(context, "python")
      const heard: Array<Output> = []
      const { start } = yield* interpreter(["python"], { onOutput: (output) => heard.push(output) })
      const source =
        "import os, sys\nfor n in range(500): print(n); print(n, file=sys.stderr)\nos.write(1, b'\\xf0')\nos._exit(3)"
      assert.strictEqual(yield* reasonOf(start(run("python", source))), "InterpreterEnded")
      const lines = Array.from({ length: 500 }, (_, number) => `${number}\n${number}\n`).join("")
      assert.strictEqual(heard.map(({ text }) => text).join(""), `${lines}\ufffd`)
    })
  )

  it.live("is not held up by what a guest leaves behind", (context) =>
    Effect.gen(function* () {
      needs(context, "python")
      const python = yield* interpreter(["python"])
      const next = runner("python", python)
      const source = `
import subprocess, threading, time
subprocess.Popen(["sh", "-c", "while :; do echo noise; sleep 0.01; done"])
def spin():
    while True:
        time.sleep(0.001)
threading.Thread(target=spin, daemon=True).start()
1`
      expectTag(yield* next(source), "Completed")
      expectTag(yield* next("2"), "Completed")
      const waiting = parked(yield* next("tools.ask()"))
      assert.lengthOf(waiting.calls, 1)
    })
  )

  it.live("stops waiting for one that spins when it is interrupted, and does not use it again", (context) =>
    Effect.gen(function* () {
      needs(context, "python")
      const spinning = yield* Deferred.make<void>()
      const onOutput = () => Deferred.doneUnsafe(spinning, Effect.void)
      const { failed, start } = yield* interpreter(["python"], { onOutput })
      const fiber = yield* Effect.forkChild(start(run("python", "print(1)\nwhile True: pass")))
      yield* Deferred.await(spinning)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* reasonOf(failed), "Abandoned")
    })
  )

  it.live("prints what is no text as what can be printed", (context) =>
    Effect.gen(function* () {
      needs(context, "python")
      const { start } = yield* interpreter(["python"])
      assert.strictEqual(printed(yield* start(run("python", "import os\nos.write(1, b'\\xf0\\x9f')"))), "\ufffd\ufffd")
    })
  )
})

describe("a reader of messages", () => {
  const Pieces = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 50 })))

  it.effect.prop("reads the same however its bytes are cut", [Pieces], ([lengths]) =>
    Effect.sync(() => {
      const whole = Buffer.concat([ready, output("é🦀"), completed('"x"')])
      const reader = new MessageReader(10_000)
      const read: Array<unknown> = []
      let at = 0
      for (const length of [...lengths, whole.length]) {
        read.push(...Result.getOrThrow(reader.push(whole.subarray(at, at + length))))
        at = Math.min(at + length, whole.length)
      }
      assert.deepStrictEqual<ReadonlyArray<unknown>>(read, Result.getOrThrow(new MessageReader(10_000).push(whole)))
      assert.strictEqual(reader.consumed, whole.length)
    })
  )

  it.effect("gives up a long message that is more than strings before it is whole, and takes one that is not", () =>
    Effect.sync(() => {
      const long = (text: string) => record(`{"say":"output","stream":"stdout","text":${text}}`)
      const read = (message: Buffer) => {
        const reader = new MessageReader(20_000_000)
        for (let at = 0; at < message.length; at += 50_000) {
          const messages = reader.push(message.subarray(at, at + 50_000))
          if (Result.isFailure(messages)) return { at, why: messages.failure.message }
          if (messages.success.length > 0) return { at, messages: messages.success }
        }
        return undefined
      }
      for (const item of ["{}", "[]", "1", '"a"', '"\\""']) {
        const given = read(long(`[${Array.from({ length: 1_000_000 }, () => item).join(",")}]`))
        assert.match(given?.why ?? "", /more than strings/)
        assert.isBelow(given?.at ?? 0, 1_500_000)
      }
      const text = '{},[]"\\'.repeat(1_000_000)
      assert.deepStrictEqual(read(long(JSON.stringify(text)))?.messages, [{ say: "output", stream: "stdout", text }])
    })
  )

  it.effect.prop(
    "never throws",
    [Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 })))],
    ([bytes]) =>
      Effect.sync(() => {
        new MessageReader(1_000).push(Uint8Array.from(bytes))
        new MessageReader(1_000).push(record(Buffer.from(Uint8Array.from(bytes)).toString("latin1")))
      })
  )
})
