import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"

/** A directory for one test, which is gone with the scope. */
export const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "caisson-qemu-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)
