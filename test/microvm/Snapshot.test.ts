import { createSecretKey } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Signature from "../../src/machine/Signature.ts"
import type { CheckpointHeader } from "../../src/microvm/Checkpoint.ts"
import * as Snapshot from "../../src/microvm/Snapshot.ts"

const key = createSecretKey(Buffer.alloc(32, 1))
const digest = "a".repeat(64)
const file = { bytes: 0, regions: [] }
const header: CheckpointHeader = {
  version: 1,
  engine: "an engine",
  template: { key: digest, content: digest },
  state: { bytes: 1, piece: digest },
  memory: file,
  disk: file
}
const standing = { epoch: 2, interpreter: { output: 1, errors: 0, run: null } }

const spentIn = (snapshot: Parameters<typeof Snapshot.read>[0]) =>
  Result.map(Snapshot.read(snapshot, key), ({ spent }) => spent)

describe("a snapshot of a microVM", () => {
  it("says what its run has used; one of before does not say what it has printed", () => {
    const spent = { spentMillis: 3, outputBytes: 7 }
    const written = Snapshot.write({ checkpoint: { header, pieces: new Map() }, standing, spent }, key)
    assert.deepStrictEqual(spentIn(written), Result.succeed(spent))
    const before = `CVMS${JSON.stringify({ version: 1, checkpoint: header, standing, spentMillis: 3 })}`
    const read = spentIn({ bytes: Signature.seal(Buffer.from(before), key), contents: new Map() })
    assert.deepStrictEqual(read, Result.succeed({ spentMillis: 3, outputBytes: 0 }))
  })
})
