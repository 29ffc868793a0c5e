import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { byId } from "../../src/audit/AuditKey.ts"
import { AuditLog } from "../../src/audit/AuditLog.ts"
import * as MerkleTree from "../../src/audit/MerkleTree.ts"
import * as Proof from "../../src/audit/Proof.ts"
import { prove } from "../../src/audit/Prove.ts"
import { temporaryDirectory } from "../session/directory.ts"
import { append, decided, inLog, keyOf, keys, linesOf, writeLog } from "./logs.ts"

const known = byId([keys.signing])

const proofOf = (directory: string, run: string) => Effect.map(prove(directory, { run }), Proof.toText)

describe("a proof", () => {
  it.effect("shows the events of one run, over checkpoints and files, to who has nothing else of the log", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* writeLog(directory, 50, { checkpoint: { events: 7 }, rotate: { bytes: 5_000 } })
      const text = yield* proofOf(directory, "run-1")
      const proven = Result.getOrThrow(Proof.check(text, known))
      const expected = linesOf(directory).filter((line) => line.includes('"run":"run-1"'))
      assert.deepStrictEqual(
        proven.lines.map(({ text }) => text),
        expected
      )
      assert.deepInclude(proven, { session: "ses-1", run: "run-1" })
      assert.notInclude(text, '"run":"run-2"')
    })
  )

  it.effect("is of one session, which has to be named where others have a run of the same id", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const events = ["ses-1", "ses-2"].flatMap((session) =>
        [1, 2].map((call) => ({ ...decided(call, "r1"), session }))
      )
      yield* Effect.forEach([...events, decided(3, "r2")], append, { discard: true }).pipe(inLog(directory))
      const error = yield* Effect.flip(prove(directory, { run: "r1" }))
      assert.deepInclude(error.reason, { _tag: "RunAmbiguous", run: "r1", sessions: ["ses-1", "ses-2"] })
      const proof = yield* prove(directory, { session: "ses-2", run: "r1" })
      assert.deepInclude(Result.getOrThrow(Proof.check(Proof.toText(proof), known)), { session: "ses-2", run: "r1" })
      assert.notInclude(Proof.toText(proof), "ses-1")
      assert.strictEqual((yield* prove(directory, { run: "r2" })).session, "ses-1")
      const missing = yield* Effect.flip(prove(directory, { session: "ses-2", run: "r2" }))
      assert.deepInclude(missing.reason, { _tag: "RunNotFound", session: "ses-2", run: "r2" })
    })
  )

  it.effect("of an earlier build, which named no session, is refused with lines of two", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const events = ["ses-1", "ses-2"].map((session) => ({ ...decided(1, "r1"), session }))
      yield* Effect.forEach(events, append, { discard: true }).pipe(inLog(directory))
      const earlier = Effect.fnUntraced(function* (session: string) {
        const { groups, run } = yield* prove(directory, { session, run: "r1" })
        return { v: 1, run, groups } as const
      })
      const first = yield* earlier("ses-1")
      const second = yield* earlier("ses-2")
      assert.deepInclude(Result.getOrThrow(Proof.check(Proof.toText(first), known)), { session: "ses-1" })
      const [group] = first.groups
      if (group === undefined) return assert.fail("a group was expected")
      const lines = [...group.lines, ...(second.groups[0]?.lines ?? [])]
      const mixed = Proof.check(Proof.toText({ ...first, groups: [{ ...group, lines }] }), known)
      assert.include(Result.getOrThrow(Result.flip(mixed)), "another session")
    })
  )

  it.effect("is refused with any of its bytes changed", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* writeLog(directory, 6, { checkpoint: { events: 4 } })
      const text = yield* proofOf(directory, "run-1")
      assert.isTrue(Result.isSuccess(Proof.check(text, known)))
      for (let at = 0; at < text.length; at++) {
        for (const other of ["0", "f", " ", '"']) {
          if (text[at] === other) continue
          const changed = `${text.slice(0, at)}${other}${text.slice(at + 1)}`
          assert.isTrue(Result.isFailure(Proof.check(changed, known)), `byte ${at} became ${other}`)
        }
      }
      assert.isTrue(Result.isFailure(Proof.check(`${text}\n`, known)))
      assert.isTrue(Result.isFailure(Proof.check(text.slice(0, -1), known)))
    })
  )

  it.effect("is refused with a hash that is none or written in another way, whatever was checked before", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* writeLog(directory, 6, { checkpoint: { events: 4 } })
      const text = yield* proofOf(directory, "run-1")
      const hashes = /"[0-9a-f]{64}"(?=[,\]])/gu
      for (const { 0: hash, index } of text.matchAll(hashes)) {
        for (const other of ['""', `${hash.slice(0, -2)}"`, `${hash.slice(0, -2)} "`, hash.toUpperCase()]) {
          if (other === hash) continue
          assert.isTrue(Result.isSuccess(Proof.check(text, known)))
          const changed = `${text.slice(0, index)}${other}${text.slice(index + hash.length)}`
          assert.isTrue(Result.isFailure(Proof.check(changed, known)), `${hash} became ${other}`)
        }
      }
    })
  )

  it.effect("is refused by who has another key, or none", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* writeLog(directory, 6)
      const text = yield* proofOf(directory, "run-1")
      assert.include(Result.getOrThrow(Result.flip(Proof.check(text, byId([keyOf("k1", 8)])))), "signature")
      assert.include(Result.getOrThrow(Result.flip(Proof.check(text, byId([])))), "not given")
    })
  )

  it.effect("is refused with a line, a group or an order that the log does not have", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* writeLog(directory, 20, { checkpoint: { events: 6 } })
      const proof = yield* prove(directory, { run: "run-1" })
      const [first, second] = proof.groups
      if (first === undefined || second === undefined) return assert.fail("two groups were expected")
      const others = (yield* prove(directory, { run: "run-2" })).groups
      const forgeries = [
        { ...proof, groups: [] },
        { ...proof, run: "run-2" },
        { ...proof, session: "ses-2" },
        { ...proof, groups: [second, first] },
        { ...proof, groups: [first, first] },
        { ...proof, groups: [{ ...first, lines: [] }] },
        { ...proof, groups: [{ ...first, checkpoint: second.checkpoint }] },
        { ...proof, groups: [{ ...first, lines: [...first.lines].reverse() }] },
        { ...proof, groups: [{ ...first, lines: [...first.lines, ...(others[0]?.lines ?? [])] }] },
        { ...proof, groups: [{ ...first, lines: first.lines.map(({ line }) => ({ line, path: [] })) }] }
      ]
      for (const forgery of forgeries) assert.isTrue(Result.isFailure(Proof.check(Proof.toText(forgery), known)))
    })
  )

  it.effect("waits for the checkpoint that covers the run", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* Effect.gen(function* () {
        yield* append(decided(1))
        const error = yield* Effect.flip(prove(directory, { run: "run-1" }))
        assert.deepInclude(error.reason, { _tag: "NotCovered", seq: 2 })
        yield* AuditLog.use((log) => log.checkpoint)
        assert.isTrue(Result.isSuccess(Proof.check(yield* proofOf(directory, "run-1"), known)))
        const missing = yield* Effect.flip(prove(directory, { run: "run-7" }))
        assert.strictEqual(missing.reason._tag, "RunNotFound")
      }).pipe(inLog(directory))
    })
  )
})

const hash = (number: number): string => number.toString(16).padStart(64, "0")

describe("a Merkle tree", () => {
  it("has the roots of RFC 6962", () => {
    const leaves = ["aa", "bb", "cc"].map((byte) => MerkleTree.leafOf(byte.repeat(32)))
    const roots = [1, 2, 3].map((size) => MerkleTree.treeOf(leaves.slice(0, size)).root)
    assert.deepStrictEqual(roots, [
      "e0bb82791bae3c50bd9c20fa4ccdcb8064a56e5c12bc69b07e6712ac9b4429e6",
      "03938e2c8f758e6cae443d499b41c899c373eb0c0198bae61796a069f2b05904",
      "d73cea60f2ce124730a688b2456b84beb6fed822ab3e6d23c30c1ccdcbb5433b"
    ])
  })

  it.prop(
    "that grew has the root of its leaves, and a path from each of them, and from nothing else",
    [
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 70 })),
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 69 }))
    ],
    ([size, split]) => {
      const hashes = Array.from({ length: size }, (_, index) => hash(index))
      const leaves = hashes.map(MerkleTree.leafOf)
      const grown = MerkleTree.grow(MerkleTree.grow(MerkleTree.empty, hashes.slice(0, split)), hashes.slice(split))
      const tree = MerkleTree.treeOf(leaves)
      const { root } = tree
      assert.strictEqual(MerkleTree.rootOf(grown), root)
      for (const [index, leaf] of leaves.entries()) {
        const path = tree.pathOf(index)
        assert.strictEqual(MerkleTree.rootFrom(leaf, index, size, path), root)
        assert.notStrictEqual(MerkleTree.rootFrom(MerkleTree.leafOf(hash(999)), index, size, path), root)
        assert.isUndefined(MerkleTree.rootFrom(leaf, index, size, [...path, root]))
        const other = (index + 1) % size
        if (other !== index) assert.notStrictEqual(MerkleTree.rootFrom(leaf, other, size, path), root)
      }
    },
    { arbitrary: { runs: 60 } }
  )
})
