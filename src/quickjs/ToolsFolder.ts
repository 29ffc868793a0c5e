import type { Caller } from "../file/Access.ts"
import { FileFault } from "../file/FileFault.ts"
import type { FileTree } from "../file/FileTree.ts"
import type { ToolInfo } from "../tool/ToolInfo.ts"

/** Puts a description of each tool into `/tools`. What there is no room for is left out. */
export const show = (files: FileTree, tools: ReadonlyArray<ToolInfo>, nowMillis: number): void => {
  const by: Caller = { actor: "host", nowMillis }
  try {
    for (const { path } of files.list(by, "/tools")) files.rm(by, path)
    for (const { description, input, output, path } of tools) {
      const text = JSON.stringify({ id: path, description, input, output }, undefined, 2)
      files.write(by, `/tools/${path}.json`, Buffer.from(`${text}\n`))
    }
  } catch (cause) {
    if (!(cause instanceof FileFault)) throw cause
  }
}
