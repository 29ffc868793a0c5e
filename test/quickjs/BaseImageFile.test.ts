import { assert, describe, it } from "@effect/vitest"
import { baseImage } from "../../src/quickjs/BaseImage.ts"
import { decode, encode } from "../../src/quickjs/BaseImageFile.ts"

describe("the file of the base image", () => {
  it("holds all of it, but not the zeros of its stack", async () => {
    const { id: _, wasmSha256: __, ...content } = await baseImage()
    const file = encode(content)
    assert.deepStrictEqual(decode(file), content)
    assert.isBelow(file.length, content.snapshot.memory.length - content.snapshot.stackPointer + 1_024)
  })
})
