import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "@effect/vitest"

const directories: Array<string> = []

afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

/** An empty directory that is gone after the tests of the file. */
export const freshDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), "caisson-token-"))
  directories.push(directory)
  return directory
}
