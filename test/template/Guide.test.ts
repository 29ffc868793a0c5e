import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import {
  DebianImage,
  Embedded,
  MachineLimits,
  Microvm,
  OciArchive,
  OciLayout,
  OciRegistry,
  PlacedFile,
  Pool,
  WarmUp
} from "../../src/template/Template.ts"
import * as TemplateFile from "../../src/template/TemplateFile.ts"
import { read } from "../repository.ts"

const page = "docs/guide/templates.md"
const text = read(page)
const examples = [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, code = ""]) => code)

describe("the page about templates", () => {
  it("has templates that can be read", () => {
    assert.isAbove(examples.length, 2)
    for (const example of examples) {
      const parsed = TemplateFile.parse(page, example)
      assert.isTrue(Result.isSuccess(parsed), Result.isFailure(parsed) ? parsed.failure.message : "")
    }
  })

  it("tells of every key", () => {
    const schemas = [
      DebianImage,
      Embedded,
      MachineLimits,
      Microvm,
      OciArchive,
      OciLayout,
      OciRegistry,
      PlacedFile,
      Pool,
      WarmUp
    ]
    const keys = new Set(schemas.flatMap(({ fields }) => Object.keys(fields)))
    const untold = [...keys].filter((key) => !new RegExp(`\`(\\w+\\.)?${key}(\\.\\w+)?\``, "i").test(text))
    assert.deepStrictEqual(untold, [])
  })
})
