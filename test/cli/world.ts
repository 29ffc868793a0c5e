/** The command in a world of its own: a home, and the books of a bank. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import { caisson, freshDirectory, jsonOf, makeHome, start } from "./command.ts"

export const makeWorld = () => {
  const home = makeHome()
  const books = join(freshDirectory(), "books")
  const env = { CAISSON_TEST_BOOKS: books }
  const flags = ["--home", home.directory]
  const text = (...words: ReadonlyArray<string>) => caisson([...words, ...flags], { env })
  const json = async (code: number, ...words: ReadonlyArray<string>) => {
    const ended = await caisson([...words, ...flags, "--json"], { env })
    assert.strictEqual(ended.code, code, `${ended.stdout}${ended.stderr}`)
    return jsonOf(ended)
  }
  const begin = (...words: ReadonlyArray<string>) => start([...words, ...flags], { env })
  const effects = () => {
    try {
      return readFileSync(books, "utf8").trim().split("\n")
    } catch {
      return []
    }
  }
  return { home, text, json, begin, effects }
}

export const callsOf = (result: Record<string, unknown>) =>
  result["calls"] as ReadonlyArray<Record<string, unknown> & { readonly id: string }>

export const errorOf = (result: Record<string, unknown>) => result["error"] as Record<string, unknown>

export const refund = `
  globalThis.count = (globalThis.count ?? 0) + 1
  console.log("before")
  const said = await bank.refund({ amount: 50 })
  console.log("after")
  ;[said, globalThis.count]
`
