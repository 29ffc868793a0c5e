/** The tree beside a naive model of it: a map from paths to contents, without links. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { FileFault } from "../../src/file/FileFault.ts"
import { FileTree } from "../../src/file/FileTree.ts"
import { bytes, guest, host, readText } from "./trees.ts"

const Name = Schema.Literals(["a", "b", "c", "d/a", "d/b", "d/e/a"])
const Act = Schema.Struct({
  act: Schema.Literals(["write", "append", "rename", "copy", "unlink"]),
  from: Name,
  to: Name,
  text: Schema.Literals(["", "x", "yz".repeat(50), "long".repeat(20_000)])
})
type Act = typeof Act.Type
type Model = Map<string, string>

const inModel = (model: Model, { act, from, text, to }: Act): boolean => {
  const before = model.get(from)
  if (act === "write") model.set(from, text)
  else if (act === "append") model.set(from, (before ?? "") + text)
  else if (before === undefined || (act === "copy" && from === to)) return false
  else if (act === "unlink") model.delete(from)
  else {
    if (act === "rename") model.delete(from)
    model.set(to, before)
  }
  return true
}

const inTree = (tree: FileTree, { act, from, text, to }: Act): boolean => {
  const [path, other] = [`/workspace/${from}`, `/workspace/${to}`]
  try {
    if (act === "write") tree.write(guest, path, bytes(text))
    else if (act === "append") tree.append(guest, path, bytes(text))
    else if (act === "unlink") tree.unlink(guest, path)
    else if (act === "rename") tree.rename(guest, path, other)
    else tree.copy(guest, path, other)
    return true
  } catch (cause) {
    assert.instanceOf(cause, FileFault)
    return false
  }
}

describe("a tree", () => {
  it.prop(
    "F1 holds what a map from paths to contents would hold",
    [Schema.Array(Act).check(Schema.isMaxLength(40))],
    ([acts]) => {
      const tree = new FileTree()
      const model: Model = new Map()
      tree.mkdir(host, "/workspace/d/e", { isRecursive: true })
      for (const act of acts) assert.strictEqual(inTree(tree, act), inModel(model, act), JSON.stringify(act))
      const files = tree.list(guest, "/workspace", { isRecursive: true }).filter(({ kind }) => kind === "file")
      const found = files.map(({ path }) => [path.slice("/workspace/".length), readText(tree, path)] as const)
      assert.deepStrictEqual(new Map(found), model)
    },
    { arbitrary: { runs: 200, size: 40 } }
  )
})
