/**
 * The guest's `fs`: the files of its machine, which the host keeps. Every operation is one question to the host, answered
 * before it returns; the functions are asynchronous all the same, as their namesakes in Node's `fs/promises` are.
 *
 * G1. A question is `host("file", operation, path, ...)`. Its answer is a text: `=` and what was asked for, or `!` and the code
 *     and message of an error. What the host cannot put into the guest's memory it refuses.
 * G2. Bytes cross as one character for each; see `ask`.
 */
;({ host, intrinsics, reader, text }) => {
  const { arrayBuffer, arrayBytes, arrayKind, arrayOffset, bufferLength, bytesText, Date, dateMillis } = intrinsics
  const { defineProperty, Error, freeze, fromBase64, includes, indexOf, isPrototypeOf, isView, keys } = intrinsics
  const { parse, parseInt, place, prototypes, slice, textBytes, toBase64, trunc, TypeError } = intrinsics
  const { Uint8Array, viewBuffer, viewLength, viewOffset } = intrinsics

  const { define, limitError } = reader

  /** Relative paths begin here. */
  const home = "/workspace"

  /** What Node calls the operations in its errors. */
  const systemCalls = {
    __proto__: null,
    readText: "open",
    readBytes: "open",
    writeText: "open",
    writeBytes: "open",
    appendText: "open",
    appendBytes: "open",
    readdir: "scandir",
    copy: "copyfile",
    chmod: "chmod",
    utimes: "utime"
  }

  const makeFileError = (operation, path, answer) => {
    const end = indexOf(answer, " ")
    const error = new Error(slice(answer, end + 1))
    define(error, "stack", text.guestFrames(error.stack), false)
    define(error, "code", slice(answer, 1, end), true)
    define(error, "syscall", systemCalls[operation] ?? operation, true)
    define(error, "path", path, true)
    return error
  }

  /** Asks the host. Paths have to be absolute; `other` and `more` are what the operation needs beside. */
  const ask = (operation, path, other, more) => {
    const answer = host("file", operation, path, other ?? "", more ?? "")
    if (typeof answer !== "string")
      throw limitError("MemoryLimit", `${operation} '${path}': the guest's memory is full`)
    if (slice(answer, 0, 1) !== "=") throw makeFileError(operation, path, answer)
    return slice(answer, 1)
  }

  const pathOf = (path, name) => {
    if (typeof path !== "string") throw new TypeError(`fs.${name}: a path must be a string`)
    if (path === "") return path
    return slice(path, 0, 1) === "/" ? path : `${home}/${path}`
  }

  /** What is asked for under a name, with options that may be a text by themselves. */
  const optionOf = (options, key, name) => {
    if (typeof options === "function") throw new TypeError(`fs.${name} takes no callback: use "await fs.${name}(...)"`)
    return typeof options === "object" && options !== null ? options[key] : undefined
  }

  const encodingOf = (options, name) => {
    if (options === null || typeof options === "string") return options
    return optionOf(options, "encoding", name)
  }

  const refuseEncoding = (encoding, name) => {
    throw new TypeError(
      `fs.${name}: the encoding is "utf8", "latin1", "base64" or, for a Uint8Array, null; not ${encoding}`
    )
  }

  const read = (path, encoding) => {
    switch (encoding) {
      case undefined:
      case "utf8":
      case "utf-8":
        return ask("readText", path)
      case null:
      case "bytes":
      case "buffer":
        return fromBase64(bytesText(ask("readBytes", path)))
      case "latin1":
      case "binary":
        return ask("readBytes", path)
      case "base64":
        return bytesText(ask("readBytes", path))
      default:
        return refuseEncoding(encoding, "readFile")
    }
  }

  /** Text of a character per byte, or `undefined` of what has no bytes. */
  const bytesOf = (content) => {
    if (typeof content !== "object" || content === null) return undefined
    let bytes
    if (arrayKind(content) !== undefined) {
      bytes = new Uint8Array(arrayBuffer(content), arrayOffset(content), arrayBytes(content))
    } else if (isView(content)) {
      bytes = new Uint8Array(viewBuffer(content), viewOffset(content), viewLength(content))
    } else if (isPrototypeOf(prototypes.ArrayBuffer, content)) {
      bytes = new Uint8Array(content, 0, bufferLength(content))
    } else {
      return undefined
    }
    return textBytes(toBase64(bytes))
  }

  const write = (kind, path, content, options, name) => {
    const encoding = encodingOf(options, name)
    const bytes = bytesOf(content)
    if (bytes !== undefined) return ask(`${kind}Bytes`, path, bytes)
    if (typeof content !== "string") {
      throw new TypeError(`fs.${name}: the content must be a string, a Uint8Array or an ArrayBuffer`)
    }
    switch (encoding) {
      case undefined:
      case null:
      case "utf8":
      case "utf-8":
        return ask(`${kind}Text`, path, content)
      case "latin1":
      case "binary":
        return ask(`${kind}Bytes`, path, content)
      case "base64":
        return ask(`${kind}Bytes`, path, textBytes(content))
      default:
        return refuseEncoding(encoding, name)
    }
  }

  const kinds = {
    __proto__: null,
    isFile: "file",
    isDirectory: "directory",
    isSymbolicLink: "symlink",
    isCharacterDevice: "device",
    isBlockDevice: "",
    isFIFO: "",
    isSocket: ""
  }

  /** What tells, of what is of a `type`, whether it is of a kind. */
  const makePrototype = () => {
    const prototype = {}
    const names = keys(kinds)
    for (let index = 0; index < names.length; index++) {
      const isOfKind = function () {
        return this.type === kinds[names[index]]
      }
      define(prototype, names[index], isOfKind, false)
    }
    return freeze(prototype)
  }
  const statsPrototype = makePrototype()
  const entryPrototype = makePrototype()

  const statsOf = (operation, path) => {
    const { inode, kind, mode, modifiedMillis, size } = parse(ask(operation, path))
    return {
      __proto__: statsPrototype,
      type: kind,
      size,
      mode,
      ino: inode,
      mtimeMs: modifiedMillis,
      mtime: new Date(modifiedMillis)
    }
  }

  const list = (path) => parse(ask("readdir", path))

  /** Adds what is in a directory, and in those below it, under names relative to the first. */
  const addEntries = (entries, path, prefix, options) => {
    const found = list(path)
    for (let index = 0; index < found.length; index++) {
      const name = found[index][0]
      const type = found[index][1]
      const entry = options.withFileTypes
        ? { __proto__: entryPrototype, name, parentPath: path, type }
        : `${prefix}${name}`
      place(entries, entries.length, entry)
      const below = path === "/" ? `/${name}` : `${path}/${name}`
      if (options.recursive && type === "directory") addEntries(entries, below, `${prefix}${name}/`, options)
    }
    return entries
  }

  const timeOf = (time, name) => {
    const millis = typeof time === "object" && isPrototypeOf(prototypes.Date, time) ? dateMillis(time) : time * 1_000
    if (millis - millis !== 0) throw new TypeError(`fs.${name}: a time is a Date or a number of seconds`)
    return `${trunc(millis)}`
  }

  const modeOf = (mode, name) => {
    const number = typeof mode === "string" ? parseInt(mode, 8) : mode
    if (typeof number !== "number" || number - number !== 0) throw new TypeError(`fs.${name}: a mode is a number`)
    return `${number}`
  }

  const appends = (options, name) => {
    const flag = optionOf(options, "flag", name) ?? "w"
    if (flag !== "w" && flag !== "a") throw new TypeError(`fs.${name}: the flag is "w" or "a"`)
    return flag === "a"
  }

  const fs = {
    async readFile(path, options) {
      return read(pathOf(path, "readFile"), encodingOf(options, "readFile"))
    },
    async writeFile(path, content, options) {
      write(
        appends(options, "writeFile") ? "append" : "write",
        pathOf(path, "writeFile"),
        content,
        options,
        "writeFile"
      )
    },
    async appendFile(path, content, options) {
      write("append", pathOf(path, "appendFile"), content, options, "appendFile")
    },
    async exists(path) {
      return ask("exists", pathOf(path, "exists")) === "1"
    },
    async access(path) {
      ask("stat", pathOf(path, "access"))
    },
    async stat(path) {
      return statsOf("stat", pathOf(path, "stat"))
    },
    async lstat(path) {
      return statsOf("lstat", pathOf(path, "lstat"))
    },
    async mkdir(path, options) {
      ask("mkdir", pathOf(path, "mkdir"), optionOf(options, "recursive", "mkdir") ? "recursive" : "")
    },
    async readdir(path, options) {
      const recursive = !!optionOf(options, "recursive", "readdir")
      const withFileTypes = !!optionOf(options, "withFileTypes", "readdir")
      return addEntries([], pathOf(path, "readdir"), "", { recursive, withFileTypes })
    },
    async rename(from, to) {
      ask("rename", pathOf(from, "rename"), pathOf(to, "rename"))
    },
    async unlink(path) {
      ask("unlink", pathOf(path, "unlink"))
    },
    async rm(path, options) {
      const force = optionOf(options, "force", "rm") ? "force" : ""
      const recursive = optionOf(options, "recursive", "rm") ? "recursive" : ""
      ask("rm", pathOf(path, "rm"), force !== "" && recursive !== "" ? "recursive,force" : `${recursive}${force}`)
    },
    async rmdir(path) {
      ask("rmdir", pathOf(path, "rmdir"))
    },
    async copyFile(from, to) {
      ask("copy", pathOf(from, "copyFile"), pathOf(to, "copyFile"), "")
    },
    async cp(from, to, options) {
      ask("copy", pathOf(from, "cp"), pathOf(to, "cp"), optionOf(options, "recursive", "cp") ? "recursive" : "")
    },
    async symlink(target, path) {
      if (typeof target !== "string") throw new TypeError("fs.symlink: a target must be a string")
      ask("symlink", target, pathOf(path, "symlink"))
    },
    async link(existing, path) {
      ask("link", pathOf(existing, "link"), pathOf(path, "link"))
    },
    async readlink(path) {
      return ask("readlink", pathOf(path, "readlink"))
    },
    async realpath(path) {
      return ask("realpath", pathOf(path, "realpath"))
    },
    async chmod(path, mode) {
      ask("chmod", pathOf(path, "chmod"), modeOf(mode, "chmod"))
    },
    async utimes(path, _accessed, modified) {
      ask("utimes", pathOf(path, "utimes"), timeOf(modified, "utimes"))
    }
  }

  /** What people try in vain, and what they are told. */
  const absent = (name, remedy) => {
    const refuse = () => {
      throw new Error(`fs.${name} does not exist here: ${remedy}`)
    }
    defineProperty(fs, name, { __proto__: null, value: refuse, enumerable: false })
  }
  const names = keys(fs)
  for (let index = 0; index < names.length; index++) {
    const parameters = includes("rename copyFile cp symlink link", names[index]) ? "from, to" : "path"
    absent(`${names[index]}Sync`, `use "await fs.${names[index]}(${parameters})"`)
  }
  for (const name of ["createReadStream", "open", "openSync", "readSync", "read"]) {
    absent(name, 'use "await fs.readFile(path)"')
  }
  for (const name of ["createWriteStream", "writeSync", "write", "truncate", "truncateSync"]) {
    absent(name, 'use "await fs.writeFile(path, content)" or "await fs.appendFile(path, content)"')
  }
  for (const name of ["watch", "watchFile", "opendir", "opendirSync"]) {
    absent(name, 'use "await fs.readdir(path)" and "await fs.stat(path)"')
  }
  define(fs, "promises", fs, false)

  return { fs: freeze(fs), ask }
}
