/** The command `xargs`: runs another one with words that it reads. One after another, whatever `-P` says. */
;({ web }) => {
  const usage = "usage: xargs [-0rtx] [-d CHARACTER] [-I TEXT] [-L LINES] [-n WORDS] [-P COUNT] [COMMAND [WORD]...]\n"

  class Misuse extends Error {}

  const misuse = (message) => {
    throw new Misuse(message)
  }

  const long = {
    __proto__: null,
    null: "0",
    delimiter: "d",
    replace: "I",
    "max-lines": "L",
    "max-args": "n",
    "max-procs": "P",
    "no-run-if-empty": "r",
    verbose: "t",
    exit: "x"
  }

  const escapes = { __proto__: null, n: "\n", t: "\t", r: "\r", 0: "\0", "\\": "\\" }

  const countOf = (letter, text) =>
    /^[1-9]\d*$/.test(text) ? Number(text) : misuse(`invalid number "${text}" for -${letter} option`)

  const read = (words) => {
    const given = {
      delimiter: undefined,
      replace: undefined,
      lines: undefined,
      count: undefined,
      isQuietIfEmpty: false,
      isVerbose: false
    }
    const queue = [...words]
    const put = (letter, value) => {
      if (letter === "0") given.delimiter = "\0"
      else if (letter === "d") given.delimiter = value.replace(/^\\(.)$/, (_, escaped) => escapes[escaped] ?? escaped)
      else if (letter === "I") given.replace = value
      else if (letter === "L") given.lines = countOf(letter, value)
      else if (letter === "n") given.count = countOf(letter, value)
      else if (letter === "P") countOf(letter, value === "0" ? "1" : value)
      else if (letter === "r") given.isQuietIfEmpty = true
      else if (letter === "t") given.isVerbose = true
      else if (letter !== "x") misuse(`invalid option -- '${letter}'`)
    }
    while (queue[0]?.startsWith("-") && queue[0] !== "-") {
      const word = queue.shift()
      if (word === "--") break
      if (word.startsWith("--")) {
        const [name, value] = word.slice(2).split(/=(.*)/s)
        const letter = long[name] ?? misuse(`unrecognized option '${word}'`)
        put(
          letter,
          "dILnP".includes(letter)
            ? (value ?? queue.shift() ?? misuse(`option '--${name}' requires an argument`))
            : undefined
        )
        continue
      }
      for (let at = 1; at < word.length; at++) {
        if (!"dILnP".includes(word[at])) {
          put(word[at])
          continue
        }
        const attached = word.slice(at + 1)
        put(
          word[at],
          attached === "" ? (queue.shift() ?? misuse(`option requires an argument -- '${word[at]}'`)) : attached
        )
        break
      }
    }
    return { ...given, command: queue.length === 0 ? ["echo"] : queue }
  }

  /** The words of each line, with quotes and backslashes taken as xargs does. */
  const linesOf = (text) => {
    const lines = [[]]
    let word
    let quote = ""
    for (let at = 0; at < text.length; at++) {
      const character = text[at]
      if (quote !== "") {
        if (character === quote) quote = ""
        else if (character === "\n")
          misuse(
            `unmatched ${quote === "'" ? "single" : "double"} quote; by default quotes are special to xargs unless you use the -0 option`
          )
        else word += character
      } else if (character === "'" || character === '"') {
        quote = character
        word ??= ""
      } else if (character === "\\" && at + 1 < text.length) {
        at++
        word = `${word ?? ""}${text[at]}`
      } else if (/\s/.test(character)) {
        if (word !== undefined) lines[lines.length - 1].push(word)
        word = undefined
        if (character === "\n" && lines[lines.length - 1].length > 0) lines.push([])
      } else word = `${word ?? ""}${character}`
    }
    if (quote !== "")
      misuse(
        `unmatched ${quote === "'" ? "single" : "double"} quote; by default quotes are special to xargs unless you use the -0 option`
      )
    if (word !== undefined) lines[lines.length - 1].push(word)
    return lines.filter((line) => line.length > 0)
  }

  const split = (text, delimiter) => {
    const items = text.split(delimiter)
    if (items[items.length - 1] === "") items.pop()
    return items
  }

  const grouped = (items, count) => {
    const groups = []
    for (let at = 0; at < items.length; at += count) groups.push(items.slice(at, at + count))
    return groups
  }

  /** The command lines to run, in order. */
  const plan = ({ command, count, delimiter, isQuietIfEmpty, lines, replace }, text) => {
    if (replace !== undefined) {
      const items =
        delimiter === undefined ? split(text, "\n").map((line) => line.replace(/^\s+/, "")) : split(text, delimiter)
      return items
        .filter((item) => item !== "")
        .map((item) => command.map((word) => word.replaceAll(replace, () => item)))
    }
    const read = delimiter === undefined ? linesOf(text) : split(text, delimiter).map((item) => [item])
    const groups =
      lines === undefined
        ? grouped(read.flat(), count ?? Number.MAX_SAFE_INTEGER)
        : grouped(read, lines).map((group) => group.flat())
    if (groups.length === 0 && !isQuietIfEmpty) groups.push([])
    return groups.map((group) => [...command, ...group])
  }

  const quoted = (word) => `'${word.replace(/'/g, "'\\''")}'`
  const shown = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : quoted(word))

  /** The exit code for one command that ended with this, and whether no other is run. */
  const judged = (exitCode) => {
    if (exitCode === 0) return { code: 0, isLast: false }
    if (exitCode === 255) return { code: 124, isLast: true }
    return exitCode === 126 || exitCode === 127 ? { code: exitCode, isLast: true } : { code: 123, isLast: false }
  }

  const execute = async (words, context) => {
    if (words[0] === "--help") return { stdout: usage, stderr: "", exitCode: 0 }
    const said = { stdout: "", stderr: "", exitCode: 0 }
    try {
      const given = read(words)
      let text = context.stdin
      try {
        text = web.decode(text)
      } catch {}
      for (const [name, ...rest] of plan(given, text)) {
        if (given.isVerbose) said.stderr += `${[name, ...rest].map(shown).join(" ")}\n`
        const ended = await context.exec(quoted(name), { cwd: context.cwd, signal: context.signal, args: rest })
        said.stdout += ended.stdoutKind === "bytes" ? ended.stdout : web.encode(ended.stdout)
        said.stderr += ended.stderr.replace(
          /^bash: ([^\n]*): command not found\n$/,
          "xargs: $1: No such file or directory\n"
        )
        const { code, isLast } = judged(ended.exitCode)
        said.exitCode = code === 0 ? said.exitCode : code
        if (isLast || context.signal?.aborted) break
      }
    } catch (error) {
      if (!(error instanceof Misuse)) throw error
      return { ...said, stderr: `${said.stderr}xargs: ${error.message}\n`, exitCode: 1 }
    }
    return { ...said, stdoutKind: "bytes", stdoutEncoding: "binary" }
  }

  return { command: { name: "xargs", execute } }
}
