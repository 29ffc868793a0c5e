import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as AuditLog from "../../src/audit/AuditLog.ts"
import { temporaryDirectory } from "../session/directory.ts"
import { append, change, check, decided, eventsOf, inLog, segmentNames } from "./logs.ts"

const capture = (text: string) => AuditLog.AuditLog.use((log) => log.capture(new TextEncoder().encode(text)))

const naming = (sha256: string) => append({ type: "file.written", data: { path: "/x", bytes: 1, capture: sha256 } })

const nameOf = (sha256: string): string => `captures/${sha256.slice(0, 2)}/${sha256}`

/** A log in which three events name two captures, and a third one is named by none. */
const written = Effect.gen(function* () {
  const directory = yield* temporaryDirectory
  const hashes = yield* Effect.gen(function* () {
    const captures = yield* Effect.forEach(["one", "two", "three"], capture)
    const [one = "", two = "", three = ""] = captures.map(({ sha256 }) => sha256)
    yield* append(decided(1))
    for (const sha256 of [one, two, one]) yield* naming(sha256)
    return { one, two, three }
  }).pipe(inLog(directory))
  const [file = ""] = segmentNames(directory)
  /** The event that names a capture first. */
  const placeOf = (sha256: string) => {
    const index = eventsOf(directory).findIndex(({ data }) => (data as { capture?: string }).capture === sha256)
    return { file, line: index + 1, seq: index + 1 }
  }
  return { directory, placeOf, ...hashes }
})

describe("captures", () => {
  it.live("A5 are as they were kept", () =>
    Effect.gen(function* () {
      const { directory } = yield* written
      assert.deepInclude(yield* check(directory), { ok: true, findings: [], notes: [] })
      writeFileSync(join(directory, "captures", "00.draft"), "what a crash has left")
      assert.deepInclude(yield* check(directory), { ok: true, findings: [], notes: [] })
    })
  )

  it.live.each([
    ["edited", "has other bytes", (path: string) => change(path, () => "onE")],
    ["emptied", "has other bytes", (path: string) => truncateSync(path)],
    ["too large", "is larger than a capture can be", (path: string) => truncateSync(path, 17 * 1_048_576)],
    ["missing", "is missing", (path: string) => rmSync(path)],
    ["missing with its folder", "is missing", (path: string) => rmSync(dirname(path), { recursive: true })],
    ["missing with all others", "is missing", (path: string) => rmSync(dirname(dirname(path)), { recursive: true })],
    [
      "a link",
      "is no file",
      (path: string) => {
        cpSync(path, `${path}.copy`)
        rmSync(path)
        symlinkSync(`${path}.copy`, path)
      }
    ],
    [
      "a folder",
      "is no file",
      (path: string) => {
        rmSync(path)
        mkdirSync(path)
      }
    ]
  ] as const)("A5 are told of at the first event that names them, once, if one is %s", ([, detail, tamper]) =>
    Effect.gen(function* () {
      const { directory, one, placeOf } = yield* written
      tamper(join(directory, nameOf(one)))
      const { findings, ok } = yield* check(directory)
      const [first] = findings
      assert.isFalse(ok)
      assert.lengthOf(
        findings.filter(({ detail }) => detail.includes(one)),
        1
      )
      assert.deepInclude(first, { kind: "capture", ...placeOf(one) })
      assert.include(first?.detail, `${nameOf(one)} ${detail}`)
    })
  )

  it.live("A5 are told of in the order of the log, and those that no event names at their own file", () =>
    Effect.gen(function* () {
      const { directory, one, placeOf, three, two } = yield* written
      for (const sha256 of [three, two, one]) writeFileSync(join(directory, nameOf(sha256)), "other")
      const { findings } = yield* check(directory)
      assert.deepStrictEqual(
        findings.map(({ file, kind, line, seq }) => ({ kind, file, line, seq })),
        [placeOf(one), placeOf(two), { file: nameOf(three), line: 1, seq: 0 }].map((place) => ({
          kind: "capture" as const,
          ...place
        }))
      )
    })
  )

  it.live("A5 that no event names may be missing", () =>
    Effect.gen(function* () {
      const { directory, three } = yield* written
      rmSync(join(directory, nameOf(three)))
      assert.isTrue((yield* check(directory)).ok)
      assert.isFalse(existsSync(join(directory, nameOf(three))))
    })
  )

  it.live("A5 are not named by what a guest says, nor by a line that is not as it was written", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const absent = "a".repeat(64)
      yield* Effect.gen(function* () {
        const { data, ...event } = decided(1)
        yield* append({ ...event, data: { ...data, input: { capture: absent, text: `,"capture":"${absent}"` } } })
        yield* append({ ...event, data: { ...data, capture: "no hash" } })
      }).pipe(inLog(directory))
      assert.isTrue((yield* check(directory)).ok)
      const [file = ""] = segmentNames(directory)
      change(join(directory, file), (text) => text.replace('"capture":"no hash"', `"capture":"${absent}"`))
      assert.include(readFileSync(join(directory, file), "utf8"), `"capture":"${absent}","effect"`)
      const { findings } = yield* check(directory)
      assert.deepStrictEqual(
        findings.filter(({ kind }) => kind === "capture"),
        []
      )
    })
  )
})
