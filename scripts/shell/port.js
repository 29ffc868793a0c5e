/** What the shell outside of just-bash lends it; see `patches.ts`. */
const reasons = {
  __proto__: null,
  EACCES: "Permission denied",
  EEXIST: "File exists",
  EINVAL: "Invalid argument",
  EISDIR: "Is a directory",
  ELOOP: "Too many levels of symbolic links",
  ENAMETOOLONG: "File name too long",
  ENOENT: "No such file or directory",
  ENOSPC: "No space left on device",
  ENOTDIR: "Not a directory",
  ENOTEMPTY: "Directory not empty"
}
const sought = ["EEXIST", "ENOENT", "ENOTEMPTY"]

const directions = {
  __proto__: null,
  "<": "in",
  "<>": "out",
  ">": "out",
  ">|": "out",
  ">>": "out",
  "&>": "out",
  "&>>": "out",
  ">&": "out"
}

const refused = (what, reason) => (reason === undefined ? undefined : `bash: ${what}: refused: ${reason}\n`)

const isOfFile = (error) => error instanceof Error && typeof error.code === "string" && "syscall" in error

const ascii = /^[\0-\x7f]*$/
const wide = /[^\0-\xff]/

/** How attempts at files failed: the last few, the last one last. */
const attempts = []
const attemptsMax = 16

/** A path without what does not change where it leads. */
const plain = (path) =>
  `${path}`
    .split("/")
    .filter((segment) => segment !== "" && segment !== "." && segment !== "..")
    .join("/")

const signals = [
  "HUP",
  "INT",
  "QUIT",
  "ALRM",
  "TERM",
  "USR1",
  "USR2",
  "PIPE",
  "CHLD",
  "CONT",
  "TSTP",
  "TTIN",
  "TTOU",
  "WINCH"
]

/** What a trap is about, by any of its names. */
const eventOf = (word) => {
  const name = word === "0" ? "EXIT" : word.toUpperCase().replace(/^SIG/, "")
  return name === "EXIT" || name === "ERR" || signals.includes(name) ? name : undefined
}

const quoted = (text) => `'${text.replace(/'/g, "'\\''")}'`

const said = (exitCode, stdout, stderr) => ({ stdout, stderr, exitCode })

const setTraps = (traps, script, words) => {
  let stderr = ""
  for (const word of words) {
    const event = eventOf(word)
    if (event === undefined)
      stderr += `bash: trap: ${word}: invalid signal specification, or one that this shell does not know\n`
    else if (script === undefined) traps.delete(event)
    else traps.set(event, script)
  }
  return said(stderr === "" ? 0 : 1, "", stderr)
}

export const port = {
  /** The digest of bytes in hexadecimal, of an algorithm as OpenSSL names it. The terminal puts its own here. */
  digest: () => undefined,

  /** Says why a command, with what stands around it, or a script must not be run. The terminal puts its own here. */
  refusal: () => undefined,
  refusalOfScript: () => undefined,

  /** Text for stderr if a command must not run. What stands around it belongs to the first one that asks. */
  refusedCommand: (ctx, name, words) => {
    const { assignments, redirections } = ctx.caissonAround ?? {}
    ctx.caissonAround = undefined
    return refused(name, port.refusal([name, ...words], assignments, redirections))
  },

  /** Text for stderr if something must not be redirected: a command, or what has no words. */
  refusedRedirection: ({ fs, state }, around = { words: [], redirections: [], assignments: [] }, operator, path) => {
    const direction = directions[operator]
    if (direction === undefined || (operator.endsWith("&") && /^(\d+-?|-)$/.test(path))) return undefined
    around.redirections.push({ direction, path: fs.resolvePath(state.cwd, path) })
    return refused(path, port.refusal(around.words, around.assignments, around.redirections))
  },

  /** Throws if a script must not be run. */
  checkScript: (text) => {
    const reason = port.refusalOfScript(text)
    if (reason === undefined) return
    const error = new Error(`refused: ${reason}`)
    error.name = "ParseException"
    error.isRefusal = true
    throw error
  },

  /** Why something failed, in the words of the C library. */
  reason: (error) => {
    const words = isOfFile(error) ? reasons[error.code] : undefined
    if (words === undefined) return error instanceof Error ? error.message : `${error}`
    const detail = /^\w+: [^:,]+: (.*), \w+ '/.exec(error.message)?.[1]
    return detail === undefined ? words : `${words} (${detail})`
  },

  /** The same with the file, if it is an error of one. */
  failure: (error) => (isOfFile(error) ? `${error.path}: ${port.reason(error)}` : undefined),

  /** Commands look for some codes in the message. */
  message: (error) => {
    if (isOfFile(error) && !sought.includes(error.code)) return port.reason(error)
    return error instanceof Error ? error.message : `${error}`
  },

  /** An attempt at a file failed. */
  failed: (error) => {
    if (!isOfFile(error)) return
    attempts.push({ path: `/${plain(error.path)}`, reason: port.reason(error) })
    if (attempts.length > attemptsMax) attempts.shift()
  },

  /** Why a command could not do what it wanted with a file: it did not keep the error, and takes any for a missing file. */
  why: (name) => {
    const path = `/${plain(name)}`
    return attempts.findLast((attempt) => attempt.path.endsWith(path))?.reason ?? reasons.ENOENT
  },

  /** The command `trap`. Nothing sends signals: what is to be done for them is only kept. */
  trap: ({ caissonTraps: traps }, words) => {
    const [first, ...rest] = words[0] === "--" ? words.slice(1) : words
    if (first === undefined || first === "-p") {
      const events = rest.length === 0 ? [...traps.keys()] : rest.map(eventOf).filter((event) => traps.has(event))
      return said(0, events.map((event) => `trap -- ${quoted(traps.get(event))} ${event}\n`).join(""), "")
    }
    if (first !== "-" && first.startsWith("-")) return said(2, "", `bash: trap: ${first}: invalid option\n`)
    if (rest.length === 0) return setTraps(traps, undefined, [first])
    return setTraps(traps, first === "-" ? undefined : first, rest)
  },

  utf8Bytes: (text) => (ascii.test(text) ? text.length : port.encode(text).length),

  /** UTF-8, one character for each byte. */
  encode: (text) => unescape(encodeURIComponent(text.isWellFormed() ? text : text.toWellFormed())),

  /** The text of such bytes; themselves if they are no UTF-8. */
  decode: (bytes) => {
    if (ascii.test(bytes) || wide.test(bytes)) return bytes
    try {
      return decodeURIComponent(escape(bytes))
    } catch {
      return bytes
    }
  },

  latin1: (bytes) => atob(bytes.toBase64()),

  relay: (ctx, result, textOf) => {
    if (ctx.caissonRelay === undefined || ctx.caissonHolds > 0 || ctx.substitutionDepth > 0) return result
    return ctx.caissonRelay(result, textOf)
  },

  /** Does it, and counts it if its output is wanted elsewhere: `wanted` says so, or is a list of redirections. */
  holding: async (ctx, wanted, body) => {
    const isHeld = Array.isArray(wanted) ? wanted.some(({ operator }) => operator.includes(">")) : wanted
    if (!isHeld || ctx.caissonRelay === undefined) return body()
    ctx.caissonHolds++
    try {
      return await body()
    } finally {
      ctx.caissonHolds--
    }
  }
}
