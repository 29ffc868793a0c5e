import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Option, PlatformError, Queue, Ref, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as PolicyFile from "../../src/policy/PolicyFile.ts"

const policy = (name: string) => `version: 1\nname: ${name}\n`

/** What is told of a state: the policy in force, and where its newest version is wrong. */
const told = ({ error, policy }: PolicyFile.State) => [policy.name, error?.reason, error?.issues[0]?.line]

describe("watching a policy file", () => {
  /** A file in memory, and events about it that come when they are told to. */
  const world = Effect.gen(function* () {
    const content = yield* Ref.make<string | undefined>(policy("first"))
    const events = yield* Queue.unbounded<FileSystem.WatchEvent>()
    const missing = PlatformError.systemError({ _tag: "NotFound", module: "FileSystem", method: "read" })
    const now = Effect.flatMap(Ref.get(content), (text) =>
      text === undefined ? Effect.fail(missing) : Effect.succeed(text)
    )
    const files = FileSystem.makeNoop({
      stat: () =>
        Effect.map(now, (text) => {
          const [ino, mtime] = [Option.none<bigint>(), Option.some(new Date(text.length))]
          return { dev: 1n, ino, mtime, size: BigInt(text.length), type: "File" } as never
        }),
      readFile: () => Effect.map(now, (text) => new TextEncoder().encode(text)),
      watch: (_, options) => {
        options?.onReady?.()
        return Stream.fromQueue(events)
      }
    })
    const change = (text: string | undefined, path = "policy.yaml") =>
      Ref.set(content, text).pipe(Effect.andThen(Queue.offer(events, { _tag: "Update", path })))
    return { content, files, change }
  })

  it.effect("goes on with each new version, and keeps the last good one when there is none", () =>
    Effect.gen(function* () {
      const { change, files } = yield* world
      const { current, states } = yield* PolicyFile.watch("policy.yaml").pipe(
        Effect.provideService(FileSystem.FileSystem, files)
      )
      const seen = yield* Queue.unbounded<PolicyFile.State>()
      yield* Effect.forkScoped(Stream.runForEach(states, (state) => Queue.offer(seen, state)))
      const next = Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(Queue.take(seen))
        yield* TestClock.adjust("100 millis")
        return told(yield* Fiber.join(fiber))
      })
      assert.deepStrictEqual(told(yield* Queue.take(seen)), ["first", undefined, undefined])
      yield* change(policy("second"))
      assert.deepStrictEqual(yield* next, ["second", undefined, undefined])
      yield* change(`${policy("third")}ruels: []\n`)
      assert.deepStrictEqual(yield* next, ["second", "Malformed", 3])
      assert.strictEqual((yield* current).name, "second")
      yield* change(undefined)
      assert.deepStrictEqual(yield* next, ["second", "NotReadable", undefined])
      yield* change(policy("second"))
      assert.deepStrictEqual(yield* next, ["second", undefined, undefined])
      yield* change(policy("second"), "policy.yaml")
      yield* change(policy("fourth"), "other.yaml")
      yield* change(policy("fifth"), "..data")
      assert.deepStrictEqual(yield* next, ["fifth", undefined, undefined])
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.effect("waits until a file is left alone", () =>
    Effect.gen(function* () {
      const { change, files } = yield* world
      const { current } = yield* PolicyFile.watch("policy.yaml").pipe(
        Effect.provideService(FileSystem.FileSystem, files)
      )
      yield* change(policy("half"))
      yield* TestClock.adjust("60 millis")
      yield* change(policy("whole"))
      yield* TestClock.adjust("60 millis")
      assert.strictEqual((yield* current).name, "first")
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.effect("finds what changes without an event, as a file behind a link does", () =>
    Effect.gen(function* () {
      const { content, files } = yield* world
      const { current } = yield* PolicyFile.watch("policy.yaml").pipe(
        Effect.provideService(FileSystem.FileSystem, files)
      )
      yield* TestClock.adjust("1 second")
      for (const name of ["behind-a-link", "and-again"]) {
        yield* Ref.set(content, policy(name))
        yield* TestClock.adjust("2100 millis")
        assert.strictEqual((yield* current).name, name)
      }
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.effect("does not begin with a file that cannot be used", () =>
    Effect.gen(function* () {
      const missing = yield* Effect.flip(PolicyFile.read(join(tmpdir(), "no-such-folder", "policy.yaml")))
      assert.strictEqual(missing.reason, "NotReadable")
      const directory = yield* Effect.flip(PolicyFile.watch(tmpdir()))
      assert.strictEqual(directory.reason, "NotReadable")
      const endless = yield* Effect.flip(PolicyFile.read("/dev/zero"))
      assert.include(endless.message, "it is no file: CharacterDevice")
      const file = join(mkdtempSync(join(tmpdir(), "caisson-policy-")), "latin1.yaml")
      writeFileSync(file, Buffer.from("version: 1\nname: caf\xe9\n", "latin1"))
      const latin1 = yield* Effect.flip(PolicyFile.read(file))
      assert.deepInclude(latin1, { reason: "NotReadable", detail: "it is not UTF-8" })
      rmSync(dirname(file), { recursive: true })
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live("sees a real file that is replaced", () =>
    Effect.gen(function* () {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "caisson-policy-"))),
        (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
      )
      const file = join(directory, "policy.yaml")
      writeFileSync(file, policy("first"))
      const { current, states } = yield* PolicyFile.watch(file)
      const next = yield* states.pipe(
        Stream.filter(({ policy }) => policy.name === "second"),
        Stream.runHead,
        Effect.forkScoped
      )
      writeFileSync(`${file}.new`, policy("second"))
      renameSync(`${file}.new`, file)
      yield* Fiber.join(next)
      assert.strictEqual((yield* current).name, "second")
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
