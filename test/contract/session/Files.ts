import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { FilesFailure } from "../../../src/session/Files.ts"
import { grants, home, type It, opened, otherHome, running, type Subject, said } from "./Steps.ts"

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

const codeOf = <A>(operation: Effect.Effect<A, FilesFailure>) =>
  Effect.map(Effect.flip(operation), (error) => (error._tag === "FileError" ? error.code : error.reason._tag))

/** The files that a session's guest and its holder share. */
export const files = (it: It, subject: Subject) => {
  const { call, read, write } = subject.programs

  it.effect("F1 F3 F8 shares its files with its guest, its next holder and its forks", () =>
    Effect.gen(function* () {
      const { options } = yield* grants(subject)
      const id = yield* Effect.gen(function* () {
        const session = yield* (yield* home()).open(options)
        const { files } = session
        yield* files.makeDirectory("notes")
        yield* files.write("notes/host.txt", "één")
        const made = yield* running(subject, session)(
          read("/workspace/notes/host.txt"),
          write("/workspace/notes/guest.txt", "mine"),
          write("/tmp/outputs/report.txt", "done")
        )
        assert.deepStrictEqual(said(made), ["één"])
        const artifacts = (yield* files.listArtifacts).map(({ mediaType, name }) => [name, mediaType])
        assert.deepStrictEqual(artifacts, [["report.txt", "text/plain"]])
        return session.id
      }).pipe(Effect.scoped)
      const sessions = yield* otherHome
      const session = yield* sessions.resume(id, options)
      const fork = yield* sessions.resume(yield* sessions.fork(id), options)
      yield* fork.files.write("notes/guest.txt", "yours")
      assert.strictEqual(text(yield* session.files.read("notes/guest.txt")), "mine")
      assert.deepStrictEqual(said(yield* running(subject, fork)(read("/workspace/notes/guest.txt"))), ["yours"])
      const listed = (yield* session.files.list("/workspace", { recursive: true })).map(({ path }) => path)
      assert.deepStrictEqual(listed.toSorted(), [
        "/workspace/notes",
        "/workspace/notes/guest.txt",
        "/workspace/notes/host.txt"
      ])
    })
  )

  it.effect("F6 says what is wrong with a path, and changes nothing", () =>
    Effect.gen(function* () {
      const { run, session } = yield* opened(subject)
      const { files } = session
      assert.strictEqual(yield* codeOf(files.read("none.txt")), "ENOENT")
      assert.strictEqual(yield* codeOf(files.write("none/a.txt", "a")), "ENOENT")
      assert.strictEqual(yield* codeOf(files.read("/workspace")), "EISDIR")
      yield* run(call("double", 1))
      assert.deepStrictEqual(yield* files.list(), [])
      yield* files.write("a.txt", "a")
      assert.strictEqual(yield* codeOf(files.write("b.txt/", "b")), "EISDIR")
      assert.strictEqual(yield* codeOf(files.rename("a.txt", "b.txt/")), "ENOTDIR")
      assert.strictEqual(yield* codeOf(files.remove("a.txt/")), "ENOTDIR")
      const nul = yield* Effect.flip(files.write("a\0b", "b"))
      assert.deepInclude(nul, { _tag: "FileError", code: "EINVAL", path: "/workspace/a\0b" })
      assert.include(nul.message, "a path has no NUL")
      assert.deepStrictEqual(
        (yield* files.list()).map(({ path }) => path),
        ["/workspace/a.txt"]
      )
      yield* session.close
      assert.strictEqual(yield* codeOf(files.list()), "SessionClosed")
    })
  )
}
