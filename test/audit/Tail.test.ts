import { appendFileSync, cpSync, statSync } from "node:fs"
import { connect } from "node:net"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { AuditLog } from "../../src/audit/AuditLog.ts"
import { seal } from "../../src/audit/Chain.ts"
import * as Tail from "../../src/audit/Tail.ts"
import { socketPath } from "../../src/audit/TailServer.ts"
import { temporaryDirectory } from "../session/directory.ts"
import { append, decided, inLog, linesOf, segmentNames, writeLog } from "./logs.ts"
import { bodyOf } from "./tampering.ts"

const alert = { type: "alert", data: { rule: "spike" } } as const

/** Follows a log until it has a number of lines. */
const followed = (options: Tail.TailOptions, count: number) =>
  Stream.runCollect(Stream.take(Tail.follow(options), count)).pipe(
    Effect.map((lines) => lines.map(({ text }) => text)),
    Effect.forkChild({ startImmediately: true })
  )

/** What the server says to a client that sends something, until it ends. */
const said = (directory: string, request: string) =>
  Effect.callback<string>((resume) => {
    let text = ""
    const socket = connect(socketPath(directory)).setEncoding("utf8")
    socket.on("data", (chunk) => (text += chunk)).on("close", () => resume(Effect.succeed(text)))
    socket.end(request)
  })

describe("the live end of a log", () => {
  it.live("is served to this user, from where a client asks for it on", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* writeLog(directory, 30, { rotate: { bytes: 3_000 } })
      yield* Effect.gen(function* () {
        assert.strictEqual(statSync(socketPath(directory)).mode & 0o777, 0o600)
        const before = linesOf(directory)
        const fiber = yield* followed({ directory, since: 4 }, before.length - 4 + 20)
        yield* Effect.forEach(
          Array.from({ length: 20 }, (_, index) => decided(index)),
          append
        )
        assert.deepStrictEqual(yield* Fiber.join(fiber), linesOf(directory).slice(4, before.length + 20))
      }).pipe(inLog(directory))
    })
  )

  it.live("has only the types that a client asks for", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* Effect.gen(function* () {
        const fiber = yield* followed({ directory, since: 0, types: ["alert"] }, 2)
        for (const event of [decided(1), alert, decided(2), alert]) yield* append(event)
        const lines = yield* Fiber.join(fiber)
        assert.deepStrictEqual(
          lines.map((line) => JSON.parse(line).type),
          ["alert", "alert"]
        )
      }).pipe(inLog(directory))
    })
  )

  it.live("is read from the files while nobody serves it, before and after somebody does", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* writeLog(directory, 3)
      const halfway = yield* Deferred.make<void>()
      const lines = Tail.follow({ directory, since: 0, types: ["call.decided"] }).pipe(
        Stream.tap(({ text }) => (text.includes('"1.3"') ? Deferred.succeed(halfway, undefined) : Effect.void)),
        Stream.take(9)
      )
      const fiber = yield* Effect.forkChild(Stream.runCollect(lines), { startImmediately: true })
      yield* Deferred.await(halfway)
      yield* writeLog(directory, 3)
      yield* writeLog(directory, 3)
      const seqs = (yield* Fiber.join(fiber)).map(({ seq }) => seq)
      assert.deepStrictEqual(
        seqs,
        [...seqs].sort((left, right) => (left ?? 0) - (right ?? 0))
      )
      assert.strictEqual(new Set(seqs).size, 9)
    })
  )

  it.live("goes on with the log when lines that it read from the files have been set aside", () =>
    Effect.gen(function* () {
      const root = yield* temporaryDirectory
      const [held, left] = [join(root, "held"), join(root, "left")]
      yield* Effect.gen(function* () {
        yield* append(decided(1))
        cpSync(held, left, { recursive: true, filter: (path) => !path.endsWith(".sock") })
      }).pipe(inLog(held))
      const [first = "", second = ""] = linesOf(left)
      const path = join(left, segmentNames(left).at(-1) ?? "")
      const { hash } = JSON.parse(second)
      const forged = [seal(3, bodyOf(first), hash), seal(9_000_000, bodyOf(first), hash)].map(({ text }) => text)
      appendFileSync(path, `${forged.join("\n")}\n`)
      const isRead = yield* Deferred.make<void>()
      const lines = Tail.follow({ directory: left, since: 0 }).pipe(
        Stream.tap(({ text }) => (text === forged[1] ? Deferred.succeed(isRead, undefined) : Effect.void)),
        Stream.map(({ text }) => text),
        Stream.takeUntil((text) => text.includes('"1.2"'))
      )
      const fiber = yield* Effect.forkChild(Stream.runCollect(lines), { startImmediately: true })
      yield* Deferred.await(isRead)
      yield* append(decided(2)).pipe(inLog(left))
      const had = yield* Fiber.join(fiber)
      assert.deepStrictEqual(had, [first, second, ...forged, ...linesOf(left).slice(2, 5)])
    })
  )

  it.live("is served without lines that were put behind its end", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* Effect.gen(function* () {
        yield* append(decided(1))
        const [first = "", second = ""] = linesOf(directory)
        const { text } = seal(9_000_000, bodyOf(first), JSON.parse(second).hash)
        appendFileSync(join(directory, segmentNames(directory).at(-1) ?? ""), `${text}\n`)
        const fiber = yield* followed({ directory, since: 0 }, 3)
        yield* Effect.forever(Effect.andThen(append(decided(2)), Effect.sleep("20 millis"))).pipe(Effect.forkChild)
        const lines = yield* Fiber.join(fiber)
        assert.deepStrictEqual(lines.slice(0, 2), [first, second])
        assert.include(lines[2], '"1.2"')
      }).pipe(inLog(directory))
    })
  )

  it.live.each([
    ["what is no JSON", "hello\n"],
    ["a field that there is not", '{"from":1}\n'],
    ["a number that is none", '{"since":-1}\n'],
    ["a line without an end", "x".repeat(10_000)]
  ] as const)("refuses %s, and says so", ([, request]) =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const text = yield* said(directory, request).pipe(inLog(directory))
      assert.strictEqual(JSON.parse(text).notice, "refused")
    })
  )

  it.live("cuts off a client that does not read, and goes on without it", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* Effect.gen(function* () {
        const socket = connect(socketPath(directory))
        socket.write("{}\n")
        const received: Array<string> = []
        const ended = yield* Deferred.make<void>()
        yield* Effect.callback<void>((resume) => void socket.once("connect", () => resume(Effect.void)))
        const log = yield* AuditLog
        const large = { type: "x-large", data: { text: "x".repeat(8_000) } } as const
        const first = yield* followed({ directory, since: 0, types: ["x-large"] }, 1)
        // The server has read the request of the one by the time that it serves the other.
        yield* log.append(large)
        yield* Fiber.join(first)
        for (let sent = 0; sent < 1_000; sent++) yield* log.append(large)
        socket.setEncoding("utf8").on("data", (chunk: string) => received.push(chunk))
        socket.on("close", () => Deferred.doneUnsafe(ended, Effect.void))
        yield* Deferred.await(ended)
        const lines = received.join("").trimEnd().split("\n")
        const { detail, notice } = JSON.parse(lines.at(-1) ?? "")
        assert.strictEqual(notice, "slow")
        assert.strictEqual(detail, `cut off after event ${JSON.parse(lines.at(-2) ?? "").seq}`)
        assert.isBelow(lines.length, 1_000)
      }).pipe(inLog(directory))
    })
  )

  it.live("is not served where the path is too long for a socket, and can be followed there all the same", () =>
    Effect.gen(function* () {
      const directory = join(yield* temporaryDirectory, "long".repeat(30))
      yield* Effect.gen(function* () {
        const fiber = yield* followed({ directory, since: 0 }, 2)
        yield* append(decided(1))
        assert.deepStrictEqual(yield* Fiber.join(fiber), linesOf(directory).slice(0, 2))
      }).pipe(inLog(directory))
    })
  )
})
