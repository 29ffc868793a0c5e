import * as Result from "effect/Result"
import { areaOf } from "./Area.ts"
import type { ByteReader } from "./ByteReader.ts"
import { adopted, type Chunk, identifiedBytesMin, joined } from "./Chunk.ts"
import { type Content, chunkBytesMax, chunkBytesMin } from "./Content.ts"
import { isName, join, pathBytesMax, read, segmentBytesMax } from "./FilePath.ts"
import type { Directory, Inode, RegularFile } from "./Inode.ts"
import { devices, directories } from "./Layout.ts"
import type { Quota } from "./Quota.ts"
import { deviceNames, magic, marks, version } from "./TreeFormat.ts"
import { TreeRejected, type TreeRejection } from "./TreeRejected.ts"
import { Volume } from "./Volume.ts"

const reject = (reason: TreeRejection, detail: string): never => {
  throw new TreeRejected(reason, detail)
}

const requireSound = (condition: boolean, detail: string): void => {
  if (!condition) reject("Corrupted", detail)
}

const isCounter = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

type Attributes = Pick<Inode, "number" | "mode" | "modifiedMillis">

/** Reads inodes, counts them, and checks each before the next one. */
class TreeReading {
  readonly #in: ByteReader
  readonly #contents: ReadonlyMap<string, Uint8Array>
  readonly #quota: Quota
  readonly #nextNumber: number
  readonly #files = new Map<number, { readonly file: RegularFile; readonly path: string }>()
  readonly #numbers = new Set<number>()
  #bytes = 0
  #entries = 0

  constructor(input: ByteReader, contents: ReadonlyMap<string, Uint8Array>, quota: Quota, nextNumber: number) {
    this.#in = input
    this.#contents = contents
    this.#quota = quota
    this.#nextNumber = nextNumber
  }

  root(): Directory {
    requireSound(this.#in.byte() === marks.directory, "its root is no directory")
    return this.#directory("/", "", undefined)
  }

  #inode(path: string, name: string, parent: Directory): Inode {
    const mark = this.#in.byte()
    if (mark === marks.file) return this.#file(path)
    if (mark === marks.directory) return this.#directory(path, name, parent)
    if (mark === marks.symlink) return this.#symbolicLink()
    if (mark === marks.device) return this.#device(path)
    requireSound(mark === marks.link, `a mark ${mark}`)
    return this.#link(path)
  }

  #attributes(): Attributes {
    const number = this.#in.double()
    const mode = this.#in.count()
    const modifiedMillis = this.#in.double()
    const isNew = isCounter(number) && number > 0 && number < this.#nextNumber && !this.#numbers.has(number)
    requireSound(isNew, `an inode of the number ${number}`)
    requireSound(mode <= 0o7777, `a mode of ${mode}`)
    requireSound(Number.isFinite(modifiedMillis), "a time that is none")
    this.#numbers.add(number)
    return { number, mode, modifiedMillis }
  }

  #directory(path: string, name: string, parent: Directory | undefined): Directory {
    const entries = new Map<string, Inode>()
    const directory: Directory = { kind: "directory", ...this.#attributes(), entries, parent, name }
    const count = this.#in.count()
    this.#entries += count
    if (this.#entries > this.#quota.entries) reject("TooLarge", `more than ${this.#quota.entries} entries`)
    let before = ""
    for (let index = 0; index < count; index++) {
      const child = this.#in.text(segmentBytesMax)
      requireSound(isName(child) && before < child, "a name that cannot be there")
      const childPath = join(path, child)
      requireSound(Buffer.byteLength(childPath) <= pathBytesMax, "a path that is too long")
      entries.set(child, this.#inode(childPath, child, directory))
      before = child
    }
    return directory
  }

  #file(path: string): RegularFile {
    const file: RegularFile = { kind: "file", ...this.#attributes(), content: this.#content(), links: 1 }
    this.#files.set(file.number, { file, path })
    return file
  }

  #link(path: string): RegularFile {
    const other = this.#files.get(this.#in.double())
    if (other === undefined) return reject("Corrupted", "a hard link to no file")
    requireSound(areaOf(other.path) === areaOf(path), "a hard link between two areas")
    other.file.links++
    return other.file
  }

  #symbolicLink(): Inode {
    const attributes = this.#attributes()
    const target = this.#in.text(pathBytesMax)
    requireSound(Result.isSuccess(read(target)), "a link to what is no path")
    this.#count(Buffer.byteLength(target))
    return { kind: "symlink", ...attributes, target }
  }

  #device(path: string): Inode {
    const attributes = this.#attributes()
    const device = deviceNames[this.#in.byte()]
    if (device === undefined || devices.get(path) !== device) return reject("Corrupted", "a device out of place")
    return { kind: "device", ...attributes, device }
  }

  #content(): Content {
    const count = this.#in.count()
    const chunks: Array<Chunk> = []
    let bytes = 0
    for (let index = 0; index < count; index++) {
      const length = this.#in.count()
      const isWhole = index === count - 1 ? length > 0 : length >= chunkBytesMin
      requireSound(isWhole && length <= chunkBytesMax, `a chunk of ${length} bytes`)
      this.#count(length)
      bytes += length
      chunks.push(length < identifiedBytesMin ? joined([this.#in.bytes(length)]) : this.#identified(length))
    }
    return { chunks, bytes }
  }

  #identified(length: number): Chunk {
    const digest = Buffer.from(this.#in.bytes(32)).toString("hex")
    const bytes = this.#contents.get(digest) ?? reject("MissingContent", `the content ${digest} is missing`)
    requireSound(bytes.length === length, `the content ${digest} has ${bytes.length} bytes`)
    const chunk = adopted(bytes)
    requireSound(chunk.digest === digest, `the content ${digest} is another one`)
    return chunk
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > this.#quota.bytes) reject("TooLarge", `more than ${this.#quota.bytes} bytes`)
  }
}

const kindAt = (root: Directory, path: string): Inode["kind"] | undefined => {
  let inode: Inode | undefined = root
  for (const name of path.slice(1).split("/")) {
    inode = inode?.kind === "directory" ? inode.entries.get(name) : undefined
  }
  return inode?.kind
}

/** Throws a `TreeRejected`, or what the reader throws. */
export const readVolume = (input: ByteReader, contents: ReadonlyMap<string, Uint8Array>, quota: Quota): Volume => {
  if (!magic.equals(input.bytes(magic.length))) reject("NotATree", `it does not begin with ${magic.toString("latin1")}`)
  const found = input.byte()
  if (found !== version) reject("UnknownVersion", `it has version ${found}, this reads ${version}`)
  const changes = input.double()
  const nextNumber = input.double()
  requireSound(isCounter(changes) && isCounter(nextNumber), "its counters are none")
  const root = new TreeReading(input, contents, quota, nextNumber).root()
  requireSound(input.isAtEnd, "something follows it")
  for (const path of directories) requireSound(kindAt(root, path) === "directory", `${path} is missing`)
  for (const path of devices.keys()) requireSound(kindAt(root, path) === "device", `${path} is missing`)
  return Volume.of(quota, { root, nextNumber, version: changes })
}
