import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Option, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { Session } from "../../src/session/Session.ts"
import { completed, onlyCall } from "./results.ts"
import { type Hooks, makeWorld } from "./world.ts"

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const readText = (session: Session, path: string) => Effect.map(session.files.read(path), text)

/** A session, and how another process gets it. */
const opened = Effect.fnUntraced(function* (hooks?: Hooks) {
  const { grants: make, journal, process } = yield* makeWorld
  const grants = yield* make(hooks)
  const sessions = yield* process()
  let held = yield* Scope.make()
  const session = yield* Scope.provide(sessions.open(grants), held)
  const again = Effect.fnUntraced(function* (options: { readonly rebuild?: boolean } = {}) {
    yield* Scope.close(held, Exit.void)
    held = yield* Scope.make()
    return yield* Scope.provide((yield* process()).resume(session.id, { ...grants, ...options }), held)
  })
  return { grants, journal, sessions, session, again }
})

const large = "0123456789abcdef".repeat(1_000)

describe("files of a session", () => {
  it.effect("F3 what the host wrote is there for the next holder, from a snapshot or from the journal alone", () =>
    Effect.gen(function* () {
      const { again, session } = yield* opened()
      yield* session.files.write("small.txt", "small")
      yield* session.files.write("/workspace/large.txt", large)
      yield* session.run("constant:1")
      yield* session.files.write("small.txt", " and more", { append: true })
      for (const rebuild of [false, true]) {
        const next = yield* again({ rebuild })
        assert.strictEqual(yield* readText(next, "small.txt"), "small and more")
        assert.strictEqual(yield* readText(next, "large.txt"), large)
        assert.strictEqual(completed(yield* next.run("constant:2")), 2)
      }
    })
  )

  it.effect("F8 a fork has the files of its point, and neither sees what the other does", () =>
    Effect.gen(function* () {
      const { grants, session, sessions } = yield* opened()
      yield* session.files.write("a", "first")
      const { seq } = session.state()
      yield* session.files.write("a", "second")
      const fork = yield* sessions.resume(yield* sessions.fork(session.id, { at: seq }), grants)
      assert.strictEqual(yield* readText(fork, "a"), "first")
      yield* fork.files.write("a", "third")
      assert.strictEqual(yield* readText(session, "a"), "second")
      yield* session.rewind(seq)
      assert.strictEqual(yield* readText(session, "a"), "first")
    })
  )

  it.effect("stay as the host left them when the run in progress is rolled back", () =>
    Effect.gen(function* () {
      const { session } = yield* opened()
      yield* session.files.write("a", "before")
      onlyCall(yield* session.run("refund:5"))
      yield* session.files.write("a", "meanwhile")
      yield* session.cancel()
      assert.strictEqual(yield* readText(session, "a"), "meanwhile")
    })
  )

  it.effect("change between two turns of a run that is at work, which goes on as it would have", () =>
    Effect.gen(function* () {
      const entered = yield* Deferred.make<void>()
      const free = yield* Deferred.make<void>()
      const pay = () => Effect.andThen(Deferred.succeed(entered, undefined), Deferred.await(free))
      const { session } = yield* opened({ pay })
      const running = yield* Effect.forkChild(session.run("twice"))
      yield* Deferred.await(entered)
      yield* session.files.write("a", "while it pays")
      assert.strictEqual(yield* readText(session, "a"), "while it pays")
      yield* Deferred.succeed(free, undefined)
      assert.strictEqual(completed(yield* Fiber.join(running)), "paid 2")
      assert.strictEqual(yield* readText(session, "a"), "while it pays")
    })
  )

  it.effect("are watched from now on, below a path", () =>
    Effect.gen(function* () {
      const { session } = yield* opened()
      yield* session.files.write("before", "")
      const heard = yield* session.files
        .watch("/workspace/in")
        .pipe(Stream.take(2), Stream.runCollect, Effect.forkChild({ startImmediately: true }))
      yield* session.files.makeDirectory("in")
      yield* session.files.write("outside", "")
      yield* session.files.write("in/a", "")
      assert.deepStrictEqual(yield* Fiber.join(heard), [
        { path: "/workspace/in", kind: "created" },
        { path: "/workspace/in/a", kind: "created" }
      ])
    })
  )

  it.effect("a directory comes down as it went up, and artifacts say what they are", () =>
    Effect.gen(function* () {
      const { session } = yield* opened()
      yield* session.files.makeDirectory("/workspace/d/e")
      yield* session.files.write("/workspace/d/e/f.csv", "a,b\n")
      yield* session.files.upload("/tmp/outputs", session.files.download("/workspace/d"))
      const [artifact, ...others] = yield* session.files.listArtifacts
      assert.deepStrictEqual(others, [])
      assert.deepInclude(artifact, { name: "e/f.csv", mediaType: "text/csv", bytes: 4 })
      assert.strictEqual(text((yield* session.files.readArtifact("e/f.csv")).bytes), "a,b\n")
    })
  )

  it.effect("fail with what was wrong, and then nothing is recorded", () =>
    Effect.gen(function* () {
      const { session } = yield* opened()
      const { seq } = session.state()
      const missing = yield* Effect.flip(session.files.read("none"))
      assert.strictEqual(missing._tag === "FileError" && missing.code, "ENOENT")
      assert.include(missing.message, "/workspace/none")
      const nowhere = yield* Effect.flip(session.files.write("/none/a", ""))
      assert.strictEqual(nowhere._tag === "FileError" && nowhere.code, "ENOENT")
      assert.strictEqual(session.state().seq, seq)
    })
  )

  it.effect("F7 contents that no snapshot and no entry names are dropped", () =>
    Effect.gen(function* () {
      const { journal, session, sessions } = yield* opened()
      yield* session.files.write("a", large)
      const [contents] = session.state().recipe.from?.contents ?? []
      assert.isDefined(contents)
      assert.isTrue(Option.isSome(yield* journal.snapshot(contents ?? "")))
      yield* session.close
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* sessions.compact(0), 1)
      assert.isTrue(Option.isNone(yield* journal.snapshot(contents ?? "")))
    })
  )

  it.effect("are not to be had once the session is closed", () =>
    Effect.gen(function* () {
      const { session } = yield* opened()
      yield* session.close
      const error = yield* Effect.flip(session.files.list())
      assert.strictEqual(error._tag === "SessionError" && error.reason._tag, "SessionClosed")
    })
  )
})
