/**
 * The Merkle tree of RFC 6962 over the lines between two checkpoints: a leaf is SHA-256(0x00 ‖ hash of the line), an inner
 * node SHA-256(0x01 ‖ left ‖ right). Hashes are hexadecimal here, 64 digits each, and bytes where they are hashed: whoever reads them
 * sees to it that they are.
 */
import { sha256 } from "../session/Digest.ts"

const leafBytes = Buffer.alloc(33)
const nodeBytes = Buffer.alloc(65)
nodeBytes[0] = 1

/** The leaf of a line, from the line's hash. */
export const leafOf = (lineHash: string): string => {
  leafBytes.write(lineHash, 1, 32, "hex")
  return sha256(leafBytes)
}

const nodeOf = (left: string, right: string): string => {
  nodeBytes.write(left, 1, 32, "hex")
  nodeBytes.write(right, 33, 32, "hex")
  return sha256(nodeBytes)
}

/** A tree that only grows: the roots of its complete subtrees, largest first. */
export interface Tree {
  readonly size: number
  readonly peaks: ReadonlyArray<string>
}

export const empty: Tree = { size: 0, peaks: [] }

/** Grows a tree by the lines with these hashes. */
export const grow = (tree: Tree, lineHashes: Iterable<string>): Tree => {
  const peaks = [...tree.peaks]
  let size = tree.size
  for (const lineHash of lineHashes) {
    let node = leafOf(lineHash)
    // As many subtrees are complete with this leaf as the old size has ones at its end.
    for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) node = nodeOf(peaks.pop() ?? "", node)
    peaks.push(node)
    size++
  }
  return { size, peaks }
}

/** The root of a tree that is not empty. */
export const rootOf = ({ peaks }: Tree): string => peaks.reduceRight((right, left) => nodeOf(left, right))

/** The largest power of two below a size. */
const halfOf = (size: number): number => 2 ** Math.floor(Math.log2(size - 1))

/** A tree over leaves that are all there; at least one. Every subtree is hashed once, however many paths go through it. */
export const treeOf = (leaves: ReadonlyArray<string>) => {
  const known = new Map<string, string>()
  const rootOfRange = (from: number, size: number): string => {
    if (size === 1) return leaves[from] ?? ""
    const name = `${from} ${size}`
    const half = halfOf(size)
    const root = known.get(name) ?? nodeOf(rootOfRange(from, half), rootOfRange(from + half, size - half))
    known.set(name, root)
    return root
  }
  const pathIn = (from: number, size: number, index: number): ReadonlyArray<string> => {
    if (size === 1) return []
    const half = halfOf(size)
    return index < half
      ? [...pathIn(from, half, index), rootOfRange(from + half, size - half)]
      : [...pathIn(from + half, size - half, index - half), rootOfRange(from, half)]
  }
  return {
    root: rootOfRange(0, leaves.length),
    /** What proves that a leaf is in the tree: the siblings on the way to the root, the leaf's own first. */
    pathOf: (index: number): ReadonlyArray<string> => pathIn(0, leaves.length, index)
  }
}

/** The root that a leaf at an index of a tree of a size leads to, or `undefined` if the path has another length than it must. */
export const rootFrom = (
  leaf: string,
  index: number,
  size: number,
  path: ReadonlyArray<string>
): string | undefined => {
  if (size === 1) return path.length === 0 ? leaf : undefined
  const sibling = path.at(-1)
  if (sibling === undefined || index >= size) return undefined
  const half = halfOf(size)
  const rest = path.slice(0, -1)
  if (index < half) {
    const left = rootFrom(leaf, index, half, rest)
    return left === undefined ? undefined : nodeOf(left, sibling)
  }
  const right = rootFrom(leaf, index - half, size - half, rest)
  return right === undefined ? undefined : nodeOf(sibling, right)
}
