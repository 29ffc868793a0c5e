/** The command `tar`: archives of the formats ustar and GNU, also through gzip. */
;({ bash, web }) => {
  const { gunzipSync, gzipSync } = bash
  const blockBytes = 512
  const usage =
    "usage: tar -c|-x|-t [-zvOk] [-f ARCHIVE] [-C DIRECTORY] [--exclude=PATTERN] [--strip-components=N] [FILE]...\n"

  class Fault extends Error {}

  const bytesOf = (latin1) => Uint8Array.fromBase64(btoa(latin1))
  const latin1Of = (bytes) => atob(bytes.toBase64())
  const decode = (latin1) => {
    try {
      return web.decode(latin1)
    } catch {
      return latin1
    }
  }

  const long = {
    __proto__: null,
    create: "c",
    extract: "x",
    get: "x",
    list: "t",
    file: "f",
    gzip: "z",
    gunzip: "z",
    verbose: "v",
    directory: "C",
    "to-stdout": "O",
    "keep-old-files": "k",
    "auto-compress": "a",
    "preserve-permissions": "p"
  }
  const taking = "fC"

  /** Options, and operands with the folder that they are looked for in. */
  const read = (words) => {
    const given = { mode: "", file: "-", excludes: [], strip: 0, flags: new Set(), operands: [], directory: "." }
    const queue = [...words]
    const put = (letter, value) => {
      if ("cxt".includes(letter)) given.mode = letter
      else if (letter === "f") given.file = value
      else if (letter === "C")
        given.directory = given.directory === "." || value.startsWith("/") ? value : `${given.directory}/${value}`
      else if ("zvOkap".includes(letter)) given.flags.add(letter)
      else throw new Fault(`invalid option -- '${letter}'`)
    }
    const need = (letter) => queue.shift() ?? fail(`option requires an argument -- '${letter}'`)
    const bundle = (letters, isOld) => {
      for (let at = 0; at < letters.length; at++) {
        const letter = letters[at]
        if (!taking.includes(letter)) put(letter)
        else if (isOld || at === letters.length - 1) put(letter, need(letter))
        else {
          put(letter, letters.slice(at + 1))
          return
        }
      }
    }
    if (queue[0] !== undefined && !queue[0].startsWith("-")) bundle(queue.shift(), true)
    for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
      if (word === "--") {
        for (const name of queue.splice(0)) given.operands.push({ name, directory: given.directory })
      } else if (word.startsWith("--")) {
        const [name, value] = word.slice(2).split(/=(.*)/s)
        if (name === "exclude") given.excludes.push(value ?? need(name))
        else if (name === "strip-components") given.strip = Number(value ?? need(name))
        else if (long[name] !== undefined)
          put(long[name], taking.includes(long[name]) ? (value ?? need(name)) : undefined)
        else throw new Fault(`unrecognized option '--${name}'`)
      } else if (word.startsWith("-") && word !== "-") bundle(word.slice(1), false)
      else given.operands.push({ name: word, directory: given.directory })
    }
    if (given.mode === "")
      throw new Fault("You must specify one of the '-Acdtrux', '--delete' or '--test-label' options")
    return given
  }

  const fail = (message) => {
    throw new Fault(message)
  }

  const patternOf = (pattern) => {
    const source = pattern
      .replace(/[.+^${}()|\\]/g, "\\$&")
      .replace(/\*/g, ".*")
      .replace(/\?/g, ".")
    return new RegExp(`(?:^|/)${source}(?:/|$)`)
  }

  const octal = (value, length) =>
    `${Math.max(0, Math.trunc(value))
      .toString(8)
      .padStart(length - 1, "0")}\0`

  const header = ({ linkname = "", mode, modifiedSeconds, name, size, type }) => {
    const field = (text, length) => text.slice(0, length).padEnd(length, "\0")
    const before = `${field(name, 100)}${octal(mode, 8)}${octal(1_000, 8)}${octal(1_000, 8)}${octal(size, 12)}${octal(modifiedSeconds, 12)}`
    const after = `${type}${field(linkname, 100)}ustar  \0${field("user", 32)}${field("user", 32)}`.padEnd(
      blockBytes - 156,
      "\0"
    )
    let sum = 0
    for (const character of `${before}        ${after}`) sum += character.charCodeAt(0)
    return `${before}${octal(sum, 7)} ${after}`
  }

  const filled = (text) => text.padEnd(Math.ceil(text.length / blockBytes) * blockBytes, "\0")

  /** One member, with a member before it for a name that is too long. */
  const member = (entry, content) => {
    const name = web.encode(entry.name)
    const linkname = web.encode(entry.linkname ?? "")
    const tooLong = [
      [name, "L"],
      [linkname, "K"]
    ].map(([text, type]) =>
      text.length <= 100
        ? ""
        : header({ name: "././@LongLink", mode: 0, modifiedSeconds: 0, size: text.length + 1, type }) +
          filled(`${text}\0`)
    )
    return `${tooLong.join("")}${header({ ...entry, name, linkname, size: content.length })}${filled(content)}`
  }

  const numberIn = (text) => Number.parseInt(text.replace(/[\0 ].*$/s, "") || "0", 8)
  const textIn = (text) => text.replace(/\0.*$/s, "")

  /** The values of a pax header that matter. */
  const paxOf = (text) => {
    const values = {}
    for (let at = 0; at < text.length; ) {
      const length = Number.parseInt(text.slice(at), 10)
      if (!(length > 0)) break
      const [key, value] = text.slice(text.indexOf(" ", at) + 1, at + length - 1).split(/=(.*)/s)
      values[key] = value
      at += length
    }
    return { ...(values.path && { name: values.path }), ...(values.linkpath && { linkname: values.linkpath }) }
  }

  const membersOf = (archive) => {
    const members = []
    let pending = {}
    for (let at = 0; at + blockBytes <= archive.length; ) {
      const block = archive.slice(at, at + blockBytes)
      if (/^\0*$/.test(block)) break
      if (!/^ustar/.test(block.slice(257, 263))) throw new Fault("This does not look like a tar archive")
      const size = numberIn(block.slice(124, 136))
      const content = archive.slice(at + blockBytes, at + blockBytes + size)
      if (content.length < size) throw new Fault("Unexpected EOF in archive")
      at += blockBytes + Math.ceil(size / blockBytes) * blockBytes
      const type = block[156]
      if (type === "L") pending.name = textIn(content)
      else if (type === "K") pending.linkname = textIn(content)
      else if (type === "x") pending = { ...pending, ...paxOf(content) }
      else if (type !== "g") {
        const prefix = block[262] === "\0" ? textIn(block.slice(345, 500)) : ""
        const own = textIn(block.slice(0, 100))
        members.push({
          name: decode(pending.name ?? (prefix === "" ? own : `${prefix}/${own}`)),
          linkname: decode(pending.linkname ?? textIn(block.slice(157, 257))),
          mode: numberIn(block.slice(100, 108)),
          modifiedSeconds: numberIn(block.slice(136, 148)),
          type,
          size,
          content
        })
        pending = {}
      }
    }
    if (members.length === 0 && !/^\0{512}/.test(archive)) throw new Fault("This does not look like a tar archive")
    return members
  }

  const permissions = ({ mode, type }) => {
    const letters = [8, 7, 6, 5, 4, 3, 2, 1, 0].map((bit) => ((mode >> bit) & 1 ? "xwr"[bit % 3] : "-"))
    return `${type === "5" ? "d" : type === "2" ? "l" : "-"}${letters.join("")}`
  }

  const longLine = (member) => {
    const time = new Date(member.modifiedSeconds * 1_000).toISOString().slice(0, 16).replace("T", " ")
    const target = member.type === "2" ? ` -> ${member.linkname}` : ""
    return `${permissions(member)} user/user ${`${member.size}`.padStart(9)} ${time} ${member.name}${target}\n`
  }

  const make = (given, context) => {
    const { fs } = context
    const said = { stdout: "", stderr: "", isBroken: false }
    const complain = (text) => {
      said.stderr += `tar: ${text}\n`
      said.isBroken = true
    }
    const at = (path, directory = given.directory) => fs.resolvePath(fs.resolvePath(context.cwd, directory), path)
    const excludes = given.excludes.map(patternOf)
    const isExcluded = (name) => excludes.some((pattern) => pattern.test(name))

    const contentOf = async () => {
      const bytes = given.file === "-" ? context.stdin : await fs.readFileBytes(fs.resolvePath(context.cwd, given.file))
      if (!bytes.startsWith("\x1f\x8b")) return bytes
      return latin1Of(gunzipSync(bytesOf(bytes)))
    }

    const add = async (name, path, note) => {
      if (isExcluded(name)) return ""
      const { isDirectory, isSymbolicLink, mode, mtime } = await fs.lstat(path)
      const entry = { mode: mode & 0o7777, modifiedSeconds: mtime.getTime() / 1_000 }
      if (isSymbolicLink) {
        note(name)
        return member({ ...entry, name, type: "2", linkname: await fs.readlink(path) }, "")
      }
      if (!isDirectory) {
        note(name)
        return member({ ...entry, name, type: "0" }, await fs.readFileBytes(path))
      }
      const inside = name.endsWith("/") ? name : `${name}/`
      note(inside)
      const parts = [member({ ...entry, name: inside, type: "5" }, "")]
      for (const child of (await fs.readdir(path)).sort())
        parts.push(await add(`${inside}${child}`, `${path}/${child}`, note))
      return parts.join("")
    }

    const create = async () => {
      if (given.operands.length === 0) throw new Fault("Cowardly refusing to create an empty archive")
      const note = (name) => {
        if (given.flags.has("v")) said[given.file === "-" ? "stderr" : "stdout"] += `${name}\n`
      }
      const parts = []
      for (const { directory, name } of given.operands) {
        try {
          parts.push(await add(name.replace(/^\/+/, ""), at(name, directory), note))
        } catch (error) {
          complain(`${name}: Cannot stat: ${bash.port.reason(error)}`)
        }
      }
      const archive = `${parts.join("")}${"\0".repeat(2 * blockBytes)}`.padEnd(10_240, "\0")
      const isZipped = given.flags.has("z") || (given.flags.has("a") && /\.(tgz|gz)$/.test(given.file))
      const bytes = isZipped ? latin1Of(gzipSync(bytesOf(archive))) : archive
      if (given.file === "-") said.stdout = bytes
      else await fs.writeFile(fs.resolvePath(context.cwd, given.file), bytes, "binary")
    }

    const wanted = (members) => {
      const names = given.operands.map(({ name }) => name.replace(/\/+$/, ""))
      const seen = new Set()
      const chosen = members.filter(({ name }) => {
        if (isExcluded(name)) return false
        const plain = name.replace(/\/+$/, "")
        const found = names.filter((each) => plain === each || plain.startsWith(`${each}/`))
        for (const each of found) seen.add(each)
        return names.length === 0 || found.length > 0
      })
      return { chosen, missing: names.filter((name) => !seen.has(name)) }
    }

    /** Links that lead out of where they are put are made last: nothing of the archive can be written through them. */
    const leadsAway = ({ linkname, type }) =>
      type === "2" && (linkname.startsWith("/") || linkname.split("/").includes(".."))

    const put = async ({ content, linkname, mode, modifiedSeconds, type }, path) => {
      if (type === "5") {
        await fs.mkdir(path, { recursive: true })
        return
      }
      await fs.mkdir(path.slice(0, path.lastIndexOf("/")) || "/", { recursive: true })
      if (given.flags.has("k") && (await fs.exists(path))) {
        complain(`${path}: Cannot open: File exists`)
        return
      }
      await fs.rm(path, { force: true })
      if (type === "2") await fs.symlink(linkname, path)
      else if (type === "1") await fs.link(at(linkname.replace(/^\/+/, "")), path)
      else {
        await fs.writeFile(path, content, "binary")
        await fs.chmod(path, mode & 0o777)
        await fs.utimes(path, new Date(0), new Date(modifiedSeconds * 1_000))
      }
    }

    const extract = async ({ chosen }) => {
      for (const one of [...chosen.filter((one) => !leadsAway(one)), ...chosen.filter(leadsAway)]) {
        const segments = one.name.split("/").filter((segment) => segment !== "" && segment !== ".")
        const name = segments.slice(given.strip).join("/")
        if (name === "") continue
        if (segments.includes("..") || (one.type === "1" && one.linkname.split("/").includes(".."))) {
          complain(`${one.name}: Member name contains '..'`)
          continue
        }
        if (given.flags.has("v")) said[given.flags.has("O") ? "stderr" : "stdout"] += `${one.name}\n`
        if (given.flags.has("O")) {
          said.stdout += one.content
          continue
        }
        try {
          await put(one, at(name))
        } catch (error) {
          complain(`${one.name}: Cannot open: ${bash.port.reason(error)}`)
        }
      }
    }

    const run = async () => {
      if (given.mode === "c") return create()
      let archive
      try {
        archive = await contentOf()
      } catch (error) {
        said.stderr += `tar: ${given.file}: Cannot open: ${bash.port.reason(error)}\ntar: Error is not recoverable: exiting now\n`
        said.isOver = true
        return undefined
      }
      const found = wanted(membersOf(archive))
      if (given.mode === "x") {
        if (!(await fs.exists(at(".")))) fail(`${given.directory}: Cannot open: No such file or directory`)
        await extract(found)
      } else {
        const isLong = given.flags.has("v")
        said.stdout += web.encode(found.chosen.map((one) => (isLong ? longLine(one) : `${one.name}\n`)).join(""))
      }
      for (const name of found.missing) complain(`${name}: Not found in archive`)
      return undefined
    }
    return { run, said }
  }

  const end = ({ isBroken, isOver, stderr, stdout }) => {
    const last = isBroken && !isOver ? "tar: Exiting with failure status due to previous errors\n" : ""
    const exitCode = isBroken || isOver ? 2 : 0
    return { stdout, stderr: `${stderr}${last}`, exitCode, stdoutKind: "bytes", stdoutEncoding: "binary" }
  }

  const execute = async (words, context) => {
    if (words.includes("--help")) return { stdout: usage, stderr: "", exitCode: 0 }
    let work
    try {
      work = make(read(words), context)
      await work.run()
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      if (work === undefined) return { stdout: "", stderr: `tar: ${error.message}\n${usage}`, exitCode: 2 }
      work.said.stderr += `tar: ${error.message}\n`
      work.said.isBroken = true
    }
    return end(work.said)
  }

  return { command: { name: "tar", execute } }
}
