import { assert, describe, it } from "@effect/vitest"
import { mediaTypeOf } from "../../src/file/MediaType.ts"
import { bytes } from "./trees.ts"

const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
const plain = "text/plain; charset=utf-8"

describe("media types", () => {
  it.each([
    ["/tmp/outputs/report.pdf", "application/pdf"],
    ["/tmp/outputs/chart.PNG", "image/png"],
    ["/tmp/outputs/table.csv", "text/csv"],
    ["/tmp/outputs/a.b/data.json", "application/json"],
    ["/tmp/outputs/book.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
    ["page.html", "text/html"]
  ])("%s is known by its name", (path, type) => assert.strictEqual(mediaTypeOf(path, bytes("")), type))

  it.each([
    ["image/png", png],
    ["image/jpeg", Uint8Array.of(0xff, 0xd8, 0xff, 0xe0)],
    ["image/gif", bytes("GIF89a")],
    ["application/pdf", bytes("%PDF-1.7")],
    ["application/zip", bytes("PK\u0003\u0004")],
    ["application/gzip", Uint8Array.of(0x1f, 0x8b, 0x08)],
    ["image/svg+xml", bytes('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ["image/svg+xml", bytes("<svg>")],
    [plain, bytes("<!-- a page with a picture --><p><svg></svg>")],
    [plain, bytes("héllo\n\tworld")],
    [plain, bytes("")],
    ["application/octet-stream", bytes("nul \0")],
    ["application/octet-stream", Uint8Array.of(0xc3, 0x28)]
  ])("%s is known by how it begins", (type, head) => {
    for (const path of ["/tmp/outputs/a", "/tmp/outputs/json", "/tmp/outputs/a.unheard", "/tmp/outputs/.png"]) {
      assert.strictEqual(mediaTypeOf(path, head), type)
    }
  })

  it("text that ends within a character is text", () => {
    assert.strictEqual(mediaTypeOf("a", bytes("é".repeat(3_000)).subarray(0, 4_095)), plain)
    assert.strictEqual(mediaTypeOf("a", bytes(`x${"é".repeat(3_000)}`)), plain)
  })

  it("a program in TypeScript is no film", () => {
    assert.strictEqual(mediaTypeOf("a.ts", bytes("const a = 1\n")), plain)
    assert.strictEqual(mediaTypeOf("a.ts", Uint8Array.of(0x47, 0x40, 0x00)), "video/mp2t")
  })

  it("bytes in shared memory have a type as well", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(3)).fill(97)
    assert.strictEqual(mediaTypeOf("a", shared), plain)
  })
})
