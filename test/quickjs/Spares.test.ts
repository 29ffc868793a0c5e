import { assert, describe, it } from "@effect/vitest"
import { baseImage } from "../../src/quickjs/BaseImage.ts"
import { Spares } from "../../src/quickjs/Spares.ts"

const base = await baseImage()
const measure = { memoryBytes: 64 * 1_048_576, stackBytes: 65_536 }

const isBase = ({ memory }: { readonly memory: Buffer }) => {
  const { memory: expected, stackPointer } = base.snapshot
  return memory.subarray(stackPointer).equals(expected.subarray(stackPointer))
}

describe("spare engines", () => {
  it("are as the base image has them, and each is given to one", async () => {
    const spares = new Spares(4)
    const taken = [await spares.take(base, measure)]
    const added: Array<boolean> = []
    for (let count = 0; count < 6; count++) added.push(await spares.add(baseImage))
    assert.deepStrictEqual(added, [true, true, true, true, false, false])
    for (let count = 0; count < 6; count++) taken.push(await spares.take(base, measure))
    assert.strictEqual(new Set(taken).size, 7)
    for (const engine of taken) assert.isTrue(isBase(engine))
    taken[0]?.memory.fill(1, base.snapshot.stackPointer)
    assert.isFalse(taken.slice(1).some((engine) => !isBase(engine)))
  })

  it("are not made before one was asked for", async () => assert.isFalse(await new Spares(4).add(baseImage)))

  it("are not given to a guest of another measure", async () => {
    const spares = new Spares(4)
    await spares.take(base, measure)
    await spares.add(baseImage)
    const engine = await spares.take(base, { ...measure, memoryBytes: 2 * 1_048_576 })
    assert.throws(() => engine.grow(64 * 1_048_576))
    assert.doesNotThrow(() => engine.grow(2 * 1_048_576))
  })
})
