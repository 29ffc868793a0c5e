import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { pageBytes, regionBytes } from "../../src/microvm/Checkpoint.ts"
import * as Piece from "../../src/microvm/region/Piece.ts"
import * as Rebuild from "../../src/microvm/region/Rebuild.ts"
import * as Region from "../../src/microvm/region/Region.ts"
import * as Scan from "../../src/microvm/region/Scan.ts"
import { temporary } from "../qemu/directory.ts"

const never = new AbortController().signal
const room = (bytesMax = 64 * 1_048_576) => ({ bytesMax, left: bytesMax })

const changed = (pages: ReadonlyArray<number>) => {
  const own = Buffer.alloc(regionBytes)
  for (const page of pages) own[page * pageBytes + 7] = (page % 255) + 1
  return own
}

const world = Effect.gen(function* () {
  const directory = yield* temporary
  mkdirSync(join(directory, "x"))
  const [own, below, copy] = ["own", "below", "copy"].map((name) => join(directory, name)) as [string, string, string]
  return { own, below, copy }
})

describe("Region", () => {
  it.each([
    [[0]],
    [[511]],
    [[0, 1, 2, 7, 8, 300, 511]],
    [Array.from({ length: 512 }, (_, page) => page)]
  ])("keeps pages %j and nothing else", (pages) => {
    const own = changed(pages)
    const changes = Region.diff(own, Buffer.alloc(regionBytes))
    assert.strictEqual(changes?.length, Region.bitmapBytes + pages.length * pageBytes)
    const rebuilt = Buffer.alloc(regionBytes)
    for (const { bytes, offset } of Region.runsOf(changes ?? own) ?? []) rebuilt.set(bytes, offset)
    assert.isTrue(rebuilt.equals(own))
  })

  it("has nothing to say of a region that is the same", () => {
    assert.isUndefined(Region.diff(changed([3]), changed([3])))
  })

  it("knows what are no changes", () => {
    const changes = Region.diff(changed([1, 2]), Buffer.alloc(regionBytes)) ?? new Uint8Array()
    assert.isDefined(Region.runsOf(changes))
    for (const wrong of [
      new Uint8Array(),
      changes.subarray(0, 63),
      changes.subarray(0, -1),
      new Uint8Array(Region.bitmapBytes)
    ])
      assert.isUndefined(Region.runsOf(wrong))
  })
})

describe("a file as its changes", () => {
  it.live("is the same when it is rebuilt, whatever length it has", () =>
    Effect.gen(function* () {
      const { below, copy, own } = yield* world
      for (const length of [1, pageBytes, regionBytes, 3 * regionBytes - 5_000, 5 * regionBytes + 1]) {
        const before = Buffer.alloc(length, "below")
        const after = Buffer.concat([before, Buffer.from("more")])
        for (let at = 3; at < after.length; at += 700_001) after[at] = 0
        writeFileSync(below, before)
        writeFileSync(copy, before)
        writeFileSync(own, after)
        yield* Effect.promise(async () => {
          const pieces = new Map<string, Uint8Array>()
          const table = await Scan.pack(await Scan.scan({ own, below }, room(), never), pieces, room(), never)
          await Rebuild.rebuild(copy, table, pieces, never)
        })
        assert.isTrue(readFileSync(copy).equals(after), `${length} bytes`)
      }
    }).pipe(Effect.scoped)
  )

  it.live("is refused when it has changed more than may be held, and stops when it is told to", () =>
    Effect.gen(function* () {
      const { below, own } = yield* world
      writeFileSync(below, "")
      writeFileSync(own, Buffer.alloc(4 * regionBytes, "x"))
      const scanned = yield* Effect.promise(() => Scan.scan({ own, below }, room(), never))
      const rejection = (working: Promise<unknown>) => Effect.promise(() => working.catch((cause) => cause))
      const tight = yield* rejection(Scan.pack(scanned, new Map(), room(10), never))
      assert.deepInclude(tight, { _tag: "CheckpointTooLarge", bytesMax: 10 })
      const stopped = yield* rejection(Scan.scan({ own, below }, room(), AbortSignal.abort()))
      assert.propertyVal(stopped, "name", "AbortError")
    }).pipe(Effect.scoped)
  )

  it.live("is not looked for behind a link, nor in what never ends", () =>
    Effect.gen(function* () {
      const { below, own } = yield* world
      writeFileSync(below, "secret")
      const refused = () =>
        Effect.promise(() => Scan.scan({ own, below }, room(), never).catch(({ message }: Error) => message))
      symlinkSync(below, own)
      assert.match(String(yield* refused()), /ELOOP/)
      rmSync(own)
      execFileSync("mkfifo", [own])
      assert.strictEqual(yield* refused(), `${own} is no file`)
    }).pipe(Effect.scoped)
  )
})

describe("Piece", () => {
  it.live("is named by its bytes, which are the same each time", () =>
    Effect.gen(function* () {
      const bytes = changed([1, 2, 3])
      const [one, other] = yield* Effect.promise(() => Promise.all([Piece.make(bytes), Piece.make(bytes)]))
      assert.strictEqual(one.name, other.name)
      const open = (name: string, piece: Uint8Array, bytesMax: number) =>
        Effect.promise(() => Piece.open(name, piece, bytesMax))
      assert.isTrue(Buffer.from((yield* open(one.name, one.bytes, regionBytes)) ?? []).equals(bytes))
      assert.isUndefined(yield* open(one.name, one.bytes, regionBytes - 1))
      assert.isUndefined(yield* open("0".repeat(64), one.bytes, regionBytes))
      assert.isUndefined(yield* open(one.name, one.bytes.subarray(1), regionBytes))
    })
  )
})
