import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result, Schema, Stream } from "effect"
import type { AuditEvent } from "../../src/audit/AuditEvent.ts"
import * as Query from "../../src/audit/Query.ts"
import { Capability, Home, KeyFile, Session, Token, Tool, Toolkit } from "../../src/index.ts"

const root = mkdtempSync(join(tmpdir(), "caisson-kept-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const tool = (name: string) =>
  Tool.make(name, {
    description: name,
    input: Schema.Struct({ amount: Schema.Finite }),
    output: Schema.Finite,
    execute: ({ amount }) => Effect.succeed(amount)
  })

const grants = Effect.map(Toolkit.make([tool("bank.look"), tool("bank.ask")]), (toolkit) => ({
  toolkit,
  capabilities: [Capability.make({ methods: "bank/look" }), Capability.make({ methods: "bank/ask", mode: "ask" })]
}))

const underAudit = (directory: string) =>
  Effect.provide(Layer.fresh(Home.layer({ directory, machines: { threads: 1 }, audit: {} })))

const eventsOf = Effect.fnUntraced(function* (directory: string, session: string) {
  const lines = yield* Stream.runCollect(Query.lines(join(directory, "audit"), { session }))
  return lines.map((line): AuditEvent => Result.getOrThrow(Query.eventOf(line)))
})

describe("audited sessions", () => {
  it.live("keep each limit that was hit with what is known of it, and none where somebody ended the run", () =>
    Effect.gen(function* () {
      const directory = join(root, "limits")
      const limits = { memoryMebibytes: 8, stackKibibytes: 64, cpuSliceMillis: 1_000, outputBytes: 20 }
      yield* Effect.gen(function* () {
        const session = yield* Session.open({ ...(yield* grants), id: "s", limits })
        for (const source of [
          "console.log('x'.repeat(100)); await bank.look({ amount: 1 }); console.log('more')",
          "const hoard = []; for (;;) hoard.push(new Uint8Array(1_000_000).fill(1))",
          "const deeper = () => deeper() + 1; deeper()",
          "for (;;);",
          "throw new Error('out of memory')"
        ]) {
          yield* session.run(source)
        }
        assert.strictEqual((yield* session.run("await bank.ask({ amount: 1 })"))._tag, "Paused")
        yield* session.cancel()
        assert.strictEqual((yield* session.run("await bank.ask({ amount: 2 })"))._tag, "Paused")
        yield* session.close
      }).pipe(Effect.scoped, underAudit(directory))
      const hits = (yield* eventsOf(directory, "s")).filter(({ type }) => type === "limit.hit")
      assert.deepStrictEqual(
        hits.map(({ data, run }) => [run, data["limit"], data["allowed"], "used" in data]),
        [
          ["r1", "OutputLimit", 20, false],
          ["r2", "MemoryLimit", 8, false],
          ["r3", "StackLimit", 64, false],
          ["r4", "CpuLimit", 1_000, true]
        ]
      )
      assert.isAtLeast(Number(hits.at(-1)?.data["used"]), 1_000)
    })
  )

  it.live("keep the token that they are held again with, and which one was refused", () =>
    Effect.gen(function* () {
      const directory = join(root, "held")
      const ring = yield* KeyFile.add(directory)
      const mint = (session: string) => Result.getOrThrow(Token.mint(ring, { use: "session", session }))
      const good = mint("s")
      const narrowed = Result.getOrThrow(Token.attenuate(good.text, {}))
      const other = mint("s-2")
      yield* Effect.gen(function* () {
        const given = yield* grants
        yield* Effect.scoped(Session.open({ ...given, id: "s", token: good.text }))
        yield* Effect.scoped(Session.resume("s", { ...given, token: narrowed.text }))
        yield* Effect.scoped(Effect.flip(Session.resume("s", { ...given, token: other.text })))
      }).pipe(underAudit(directory))
      const events = yield* eventsOf(directory, "s")
      const key = ring.signing.id
      assert.deepStrictEqual(
        events
          .filter(({ type }) => type.startsWith("token."))
          .map(({ data: { entry: _, ...data }, type }) => [type, data]),
        [
          ["token.verified", { token: good.id, key, caveats: [] }],
          ["token.verified", { token: good.id, key, caveats: [narrowed.id] }],
          ["token.refused", { token: other.id, reason: "WrongSession" }]
        ]
      )
    })
  )

  it.live("keep what the host has read of their files", () =>
    Effect.gen(function* () {
      const directory = join(root, "read")
      yield* Effect.gen(function* () {
        const session = yield* Session.open({ ...(yield* grants), id: "s" })
        yield* session.files.makeDirectory("/tmp/outputs")
        yield* session.files.write("/tmp/outputs/report.txt", "secret")
        yield* session.files.read("../tmp/outputs/report.txt", { length: 2 })
        yield* session.files.listArtifacts
        yield* Stream.runDrain(session.files.download("/tmp/outputs"))
        yield* session.files.stat("/tmp/outputs/report.txt")
        yield* Effect.flip(session.files.read("none"))
      }).pipe(Effect.scoped, underAudit(directory))
      const reads = (yield* eventsOf(directory, "s")).filter(({ type }) => type === "file.read")
      assert.deepStrictEqual(
        reads.map(({ data }) => data),
        [
          { path: "/tmp/outputs/report.txt", bytes: 2, by: "host" },
          { path: "/tmp/outputs", bytes: 6, by: "host" }
        ]
      )
    })
  )
})
