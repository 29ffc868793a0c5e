/** The command `diff`: how lines of files and folders differ, in the normal, the unified and the context format. */
;({ bash, web }) => {
  const usage = "usage: diff [-biwBqrsN] [-u|-U LINES|-c|-C LINES] [--label TEXT]... FROM TO\n"

  class Fault extends Error {}

  const fail = (message) => {
    throw new Fault(message)
  }

  const long = {
    __proto__: null,
    brief: "q",
    recursive: "r",
    "new-file": "N",
    unified: "u",
    context: "c",
    "ignore-case": "i",
    "ignore-all-space": "w",
    "ignore-space-change": "b",
    "ignore-blank-lines": "B",
    "report-identical-files": "s",
    text: "a",
    normal: "n",
    label: "L",
    color: "-"
  }

  const linesCount = (text) => (/^\d+$/.test(text) ? Number(text) : fail(`invalid context length '${text}'`))

  const read = (words) => {
    const given = { format: "normal", context: 3, flags: new Set(), labels: [], operands: [] }
    const queue = [...words]
    const shape = (format, lines) => {
      given.format = format
      if (lines !== undefined) given.context = linesCount(lines)
    }
    for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
      if (word === "--") given.operands.push(...queue.splice(0))
      else if (word.startsWith("--")) {
        const [name, value] = word.slice(2).split(/=(.*)/s)
        const letter = long[name] ?? fail(`unrecognized option '${word}'`)
        if (letter === "L") given.labels.push(value ?? queue.shift() ?? fail(`option '--label' requires an argument`))
        else if (letter === "u") shape("unified", value)
        else if (letter === "c") shape("context", value)
        else given.flags.add(letter)
      } else if (!word.startsWith("-") || word === "-") given.operands.push(word)
      else {
        for (let at = 1; at < word.length; at++) {
          const letter = word[at]
          const attached = /^\d*/.exec(word.slice(at + 1))[0]
          if (letter === "U" || letter === "C") {
            shape(
              letter === "U" ? "unified" : "context",
              word.slice(at + 1) || (queue.shift() ?? fail(`option requires an argument -- '${letter}'`))
            )
            break
          }
          if (letter === "u" || letter === "c") {
            shape(letter === "u" ? "unified" : "context", attached === "" ? undefined : attached)
            at += attached.length
          } else if ("qrNiwbBsad".includes(letter)) given.flags.add(letter)
          else fail(`invalid option -- '${letter}'`)
        }
      }
    }
    if (given.operands.length < 2)
      fail(given.operands.length === 0 ? "missing operand" : `missing operand after '${given.operands[0]}'`)
    if (given.operands.length > 2) fail(`extra operand '${given.operands[2]}'`)
    return given
  }

  const keyOf =
    ({ flags }) =>
    (line) => {
      let key = line
      if (flags.has("w")) key = key.replace(/[ \t\r\f\v]+/g, "")
      else if (flags.has("b")) key = key.replace(/[ \t\r\f\v]+/g, " ").replace(/ $/, "")
      return flags.has("i") ? key.toLowerCase() : key
    }

  /** Lines, and the number that a line has in both files if it is the same there. A last line without its end is another. */
  const linesOf = (text, key, numbers) => {
    const lines = text.split("\n")
    const isCut = lines[lines.length - 1] !== ""
    if (!isCut) lines.pop()
    const ids = lines.map((line, index) => {
      const own = isCut && index === lines.length - 1 ? `${key(line)}\n` : key(line)
      if (!numbers.has(own)) numbers.set(own, numbers.size)
      return numbers.get(own)
    })
    return { lines, ids, isCut }
  }

  /** Which lines stay: pairs of positions, by the shortest way from one to the other. */
  const pairs = (from, to) => {
    let start = 0
    while (start < from.length && start < to.length && from[start] === to[start]) start++
    let [fromEnd, toEnd] = [from.length, to.length]
    while (fromEnd > start && toEnd > start && from[fromEnd - 1] === to[toEnd - 1]) {
      fromEnd--
      toEnd--
    }
    const kept = Array.from({ length: start }, (_, at) => [at, at])
    const [rows, columns] = [fromEnd - start, toEnd - start]
    const most = rows + columns
    const reach = new Int32Array(2 * most + 3)
    const trail = []
    search: for (let edits = 0; edits <= most; edits++) {
      trail.push(reach.slice(most - edits, most + edits + 3))
      for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
        const isDown =
          diagonal === -edits || (diagonal !== edits && reach[most + diagonal] < reach[most + diagonal + 2])
        let row = isDown ? reach[most + diagonal + 2] : reach[most + diagonal] + 1
        while (row < rows && row - diagonal < columns && from[start + row] === to[start + row - diagonal]) row++
        reach[most + diagonal + 1] = row
        if (row >= rows && row - diagonal >= columns) break search
      }
    }
    const middle = []
    let [row, column] = [rows, columns]
    for (let edits = trail.length - 1; edits >= 0; edits--) {
      const before = trail[edits]
      const diagonal = row - column
      const at = (other) => before[other + edits + 1]
      const isDown = diagonal === -edits || (diagonal !== edits && at(diagonal - 1) < at(diagonal + 1))
      const previous = isDown ? diagonal + 1 : diagonal - 1
      const previousRow = edits === 0 ? 0 : at(previous)
      const floor = edits === 0 ? 0 : isDown ? previousRow : previousRow + 1
      while (row > floor) {
        row--
        column--
        middle.push([start + row, start + column])
      }
      row = previousRow
      column = previousRow - previous
    }
    kept.push(...middle.reverse())
    for (let at = 0; fromEnd + at < from.length; at++) kept.push([fromEnd + at, toEnd + at])
    return kept
  }

  /** Changes: what is taken from the one and put in from the other, each as a range. */
  const changesOf = (from, to) => {
    const changes = []
    let [fromAt, toAt] = [0, 0]
    for (const [fromNext, toNext] of [...pairs(from, to), [from.length, to.length]]) {
      if (fromNext > fromAt || toNext > toAt) changes.push({ from: [fromAt, fromNext], to: [toAt, toNext] })
      fromAt = fromNext + 1
      toAt = toNext + 1
    }
    return changes.map((change) => slid(change, from, to))
  }

  /** Of several places for lines that only come or go, the last. */
  const slid = ({ from: [fromStart, fromEnd], to: [toStart, toEnd] }, from, to) => {
    const isGoing = toStart === toEnd
    if (!isGoing && fromStart !== fromEnd) return { from: [fromStart, fromEnd], to: [toStart, toEnd] }
    const [ids, other] = isGoing ? [from, to] : [to, from]
    let [start, end, place] = isGoing ? [fromStart, fromEnd, toStart] : [toStart, toEnd, fromStart]
    while (end < ids.length && place < other.length && ids[start] === ids[end] && ids[end] === other[place]) {
      start++
      end++
      place++
    }
    return isGoing ? { from: [start, end], to: [place, place] } : { from: [place, place], to: [start, end] }
  }

  const noEnd = "\\ No newline at end of file\n"

  const shown = ({ isCut, lines }, [start, end], mark) =>
    lines
      .slice(start, end)
      .map((line, index) => `${mark}${line}\n${isCut && start + index === lines.length - 1 ? noEnd : ""}`)
      .join("")

  const rangeOf = ([start, end]) => {
    if (end - start === 1) return `${end}`
    return end === start ? `${start}` : `${start + 1},${end}`
  }

  const normal = (from, to, changes) =>
    changes
      .map((change) => {
        const letter = change.from[0] === change.from[1] ? "a" : change.to[0] === change.to[1] ? "d" : "c"
        const middle = letter === "c" ? "---\n" : ""
        return `${rangeOf(change.from)}${letter}${rangeOf(change.to)}\n${shown(from, change.from, "< ")}${middle}${shown(to, change.to, "> ")}`
      })
      .join("")

  const hunksOf = (from, to, changes, context) => {
    const hunks = []
    for (const change of changes) {
      const last = hunks[hunks.length - 1]
      if (last !== undefined && change.from[0] - last.changes[last.changes.length - 1].from[1] <= 2 * context)
        last.changes.push(change)
      else hunks.push({ changes: [change] })
    }
    return hunks.map(({ changes }) => {
      const [first, last] = [changes[0], changes[changes.length - 1]]
      const before = Math.min(context, first.from[0], first.to[0])
      const after = Math.min(context, from.lines.length - last.from[1])
      return {
        changes,
        from: [first.from[0] - before, last.from[1] + after],
        to: [first.to[0] - before, last.to[1] + Math.min(after, to.lines.length - last.to[1])]
      }
    })
  }

  const unifiedRange = ([start, end]) => {
    if (end - start === 1) return `${end}`
    return end === start ? `${start},0` : `${start + 1},${end - start}`
  }

  const unified = (from, to, changes, context) =>
    hunksOf(from, to, changes, context)
      .map((hunk) => {
        let at = hunk.from[0]
        const parts = hunk.changes.map((change) => {
          const text = `${shown(from, [at, change.from[0]], " ")}${shown(from, change.from, "-")}${shown(to, change.to, "+")}`
          at = change.from[1]
          return text
        })
        return `@@ -${unifiedRange(hunk.from)} +${unifiedRange(hunk.to)} @@\n${parts.join("")}${shown(from, [at, hunk.from[1]], " ")}`
      })
      .join("")

  const contextSide = (file, hunk, side, mark) => {
    if (hunk.changes.every((change) => change[side][0] === change[side][1])) return ""
    let at = hunk[side][0]
    const parts = hunk.changes.map((change) => {
      const isChange = change.from[0] !== change.from[1] && change.to[0] !== change.to[1]
      const text = `${shown(file, [at, change[side][0]], "  ")}${shown(file, change[side], isChange ? "! " : mark)}`
      at = change[side][1]
      return text
    })
    return `${parts.join("")}${shown(file, [at, hunk[side][1]], "  ")}`
  }

  const contextual = (from, to, changes, context) =>
    hunksOf(from, to, changes, context)
      .map((hunk) => {
        const left = contextSide(from, hunk, "from", "- ")
        const right = contextSide(to, hunk, "to", "+ ")
        return `***************\n*** ${rangeOf(hunk.from)} ****\n${left}--- ${rangeOf(hunk.to)} ----\n${right}`
      })
      .join("")

  const stamp = (mtime) => `${mtime.toISOString().replace("T", " ").replace("Z", "000000")} +0000`

  const make = (given, context) => {
    const { fs } = context
    const said = { stdout: "", stderr: "", exitCode: 0 }
    const at = (path) => fs.resolvePath(context.cwd, path)
    const differ = () => {
      said.exitCode = Math.max(said.exitCode, 1)
    }
    const trouble = (path, error) => {
      said.stderr += `diff: ${path}: ${bash.port.reason(error)}\n`
      said.exitCode = 2
    }
    const missing = { isFile: false, isDirectory: false, mtime: new Date(0) }
    const look = async (path) => {
      if (path === "-") return { isFile: true, isDirectory: false, mtime: new Date() }
      return fs.stat(at(path))
    }
    const contentOf = (path) => (path === "-" ? context.stdin : fs.readFileBytes(at(path)))

    const compareTexts = (names, stats, texts) => {
      if (texts[0] === texts[1]) {
        if (given.flags.has("s")) said.stdout += `Files ${names[0]} and ${names[1]} are identical\n`
        return
      }
      if (texts.some((text) => text.includes("\0")) && !given.flags.has("a")) {
        differ()
        said.stdout += `${given.flags.has("q") ? "Files" : "Binary files"} ${names[0]} and ${names[1]} differ\n`
        return
      }
      const numbers = new Map()
      const [from, to] = texts.map((text) => linesOf(text, keyOf(given), numbers))
      const isBlank = ({ from: [start, end], to: [otherStart, otherEnd] }) =>
        [...from.lines.slice(start, end), ...to.lines.slice(otherStart, otherEnd)].every((line) => line.trim() === "")
      const changes = changesOf(from.ids, to.ids).filter((change) => !(given.flags.has("B") && isBlank(change)))
      if (changes.length === 0) return
      differ()
      if (given.flags.has("q")) {
        said.stdout += `Files ${names[0]} and ${names[1]} differ\n`
        return
      }
      const heads = names.map((name, index) =>
        web.encode(given.labels[index] ?? `${name}\t${stamp(stats[index].mtime)}`)
      )
      if (given.isInside) said.stdout += web.encode(`diff ${given.words.join(" ")} ${names[0]} ${names[1]}\n`)
      if (given.format === "unified")
        said.stdout += `--- ${heads[0]}\n+++ ${heads[1]}\n${unified(from, to, changes, given.context)}`
      else if (given.format === "context")
        said.stdout += `*** ${heads[0]}\n--- ${heads[1]}\n${contextual(from, to, changes, given.context)}`
      else said.stdout += normal(from, to, changes)
    }

    const compareFolders = async (left, right) => {
      const [leftNames, rightNames] = [await fs.readdir(at(left)), await fs.readdir(at(right))]
      for (const name of [...new Set([...leftNames, ...rightNames])].sort()) {
        const paths = [`${left}/${name}`, `${right}/${name}`]
        const isOnly = !rightNames.includes(name) ? left : !leftNames.includes(name) ? right : undefined
        if (isOnly !== undefined && !given.flags.has("N")) {
          differ()
          said.stdout += web.encode(`Only in ${isOnly}: ${name}\n`)
        } else await compare(paths, true)
      }
    }

    const compare = async (names, isInside) => {
      const stats = []
      for (const name of names) {
        try {
          stats.push(await look(name))
        } catch (error) {
          if (isInside && given.flags.has("N")) stats.push(missing)
          else trouble(name, error)
        }
      }
      if (stats.length < 2) return
      if (stats[0].isDirectory && stats[1].isDirectory) {
        if (!isInside || given.flags.has("r")) await compareFolders(...names)
        else said.stdout += web.encode(`Common subdirectories: ${names[0]} and ${names[1]}\n`)
        return
      }
      if (stats[0].isDirectory !== stats[1].isDirectory && !isInside) {
        const folder = stats[0].isDirectory ? 0 : 1
        const inside = `${names[folder]}/${names[1 - folder].split("/").pop()}`
        await compare(folder === 0 ? [inside, names[1]] : [names[0], inside], false)
        return
      }
      const texts = []
      for (const [index, name] of names.entries()) {
        try {
          texts.push(stats[index] === missing ? "" : await contentOf(name))
        } catch (error) {
          trouble(name, error)
        }
      }
      if (texts.length < 2) return
      given.isInside = isInside
      compareTexts(names, stats, texts)
    }
    return { compare, said }
  }

  const execute = async (words, context) => {
    if (words.includes("--help")) return { stdout: usage, stderr: "", exitCode: 0 }
    try {
      const given = read(words)
      given.words = words.filter((word) => word.startsWith("-") && word !== "-")
      const work = make(given, context)
      await work.compare(given.operands, false)
      return { ...work.said, stdoutKind: "bytes", stdoutEncoding: "binary" }
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      return {
        stdout: "",
        stderr: `diff: ${error.message}\ndiff: Try 'diff --help' for more information.\n`,
        exitCode: 2
      }
    }
  }

  return { command: { name: "diff", execute } }
}
