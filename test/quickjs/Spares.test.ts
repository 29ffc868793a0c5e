import { assert, describe, it } from "@effect/vitest"
import { baseImage } from "../../src/quickjs/BaseImage.ts"
import type { Engine } from "../../src/quickjs/Engine.ts"
import { still } from "../../src/quickjs/Hooks.ts"
import { Spares } from "../../src/quickjs/Spares.ts"

const base = await baseImage()
const measure = { memoryBytes: 64 * 1_048_576, stackBytes: 65_536 }

const isBase = ({ memory }: { readonly memory: Buffer }) => {
  const { memory: expected, stackPointer } = base.snapshot
  return memory.subarray(stackPointer).equals(expected.subarray(stackPointer))
}

describe("spare engines", () => {
  it("are as the base image has them, and each is given to one", async () => {
    const spares = new Spares({ made: 4, kept: 8 })
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

  it("are not made before one was asked for", async () =>
    assert.isFalse(await new Spares({ made: 4, kept: 8 }).add(baseImage)))

  it("are not given to a guest of another measure", async () => {
    const spares = new Spares({ made: 4, kept: 8 })
    await spares.take(base, measure)
    await spares.add(baseImage)
    const engine = await spares.take(base, { ...measure, memoryBytes: 2 * 1_048_576 })
    assert.throws(() => engine.grow(64 * 1_048_576))
    assert.doesNotThrow(() => engine.grow(2 * 1_048_576))
  })

  it("O12 are new to the last byte when a guest has given one back", async () => {
    const spares = new Spares({ made: 1, kept: 1 })
    const [engine, untouched] = [await spares.take(base, measure), await spares.take(base, measure)]
    const { stackPointer } = base.snapshot
    engine.memory.fill(0xaa, 0, 300)
    engine.memory.fill(0xaa, stackPointer - 5_000, stackPointer)
    engine.memory.fill(0xaa, engine.memory.length - 70_000)
    spares.give(engine, base, measure)
    const given = await spares.take(base, measure)
    assert.strictEqual(given, engine)
    assert.isTrue(given.memory.equals(untouched.memory))
  })

  it("are never more than are kept, also when one comes back while another is made", async () => {
    const spares = new Spares({ made: 1, kept: 1 })
    const taken = await spares.take(base, measure)
    const added = spares.add(baseImage)
    spares.give(taken, base, measure)
    await added
    assert.strictEqual(await spares.take(base, measure), taken)
  })

  it("are not made of one that has grown, that a hook failed in, that fits no other guest, or that nobody needs", async () => {
    const given = async (engine: Engine, spares: Spares): Promise<boolean> => {
      spares.give(engine, base, measure)
      return (await spares.take(base, measure)) === engine
    }
    const taken = async () => {
      const spares = new Spares({ made: 1, kept: 1 })
      return { spares, engine: await spares.take(base, measure) }
    }
    const plain = await taken()
    assert.isTrue(await given(plain.engine, plain.spares))

    const grown = await taken()
    grown.engine.grow(base.snapshot.memory.length + 65_536)
    assert.isFalse(await given(grown.engine, grown.spares))

    const failed = await taken()
    failed.engine.serve({
      ...still,
      now: () => {
        throw new Error("no clock")
      }
    })
    failed.engine.start("Date.now()", "failed.js")
    assert.isDefined(failed.engine.fault)
    assert.isFalse(await given(failed.engine, failed.spares))

    const other = await taken()
    await other.spares.take(base, { ...measure, memoryBytes: 32 * 1_048_576 })
    assert.isFalse(await given(other.engine, other.spares))

    const many = await taken()
    many.spares.give(await many.spares.take(base, measure), base, measure)
    assert.isFalse(await given(many.engine, many.spares))
  })
})
