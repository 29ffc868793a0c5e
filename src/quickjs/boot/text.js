/** Pieces of shown text: quoted strings, keys, names, stacks. */
;({ intrinsics }) => {
  const { charCodeAt, functionText, getOwnPropertyDescriptor, getPrototypeOf, indexOf, slice } = intrinsics
  const { stringify, symbolText } = intrinsics

  const nameMax = 256
  const stringMax = 10_000

  const replace = (text, what, by) => {
    let result = ""
    let from = 0
    for (let at = indexOf(text, what); at >= 0; at = indexOf(text, what, from)) {
      result += slice(text, from, at) + by
      from = at + what.length
    }
    return result + slice(text, from)
  }

  /** A stack without its frames in boot scripts and built-ins. */
  const guestFrames = (stack) => {
    if (typeof stack !== "string") return ""
    let frames = ""
    for (let from = 0; from < stack.length; ) {
      const at = indexOf(stack, "\n", from)
      const line = slice(stack, from, at < 0 ? stack.length : at)
      from += line.length + 1
      if (indexOf(line, "(caisson:") >= 0 || indexOf(line, "(native)") >= 0) continue
      frames += frames === "" ? line : `\n${line}`
    }
    return frames
  }

  const quote = (text) => {
    const shown = text.length > stringMax ? slice(text, 0, stringMax) : text
    const more = text.length > stringMax ? `... ${text.length - stringMax} more characters` : ""
    const json = stringify(shown)
    const body = replace(slice(json, 1, -1), '\\"', '"')
    if (indexOf(shown, "'") < 0) return `'${body}'${more}`
    if (indexOf(shown, '"') < 0) return json + more
    return indexOf(shown, "`") < 0 ? `\`${body}\`${more}` : `'${replace(body, "'", "\\'")}'${more}`
  }

  const isWordCharacter = (code) =>
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 57) ||
    code === 95 ||
    code === 36

  const key = (key) => {
    if (typeof key === "symbol") return `[${symbolText(key)}]`
    const first = key.length === 0 ? 48 : charCodeAt(key, 0)
    let isWord = first < 48 || first > 57
    for (let index = 0; isWord && index < key.length; index++) isWord = isWordCharacter(charCodeAt(key, index))
    return isWord ? key : quote(key)
  }

  const nameOf = (value) => {
    const name = getOwnPropertyDescriptor(value, "name")?.value
    return typeof name === "string" ? slice(name, 0, nameMax) : ""
  }

  /** The name of the class of an object, or `undefined` if it has none. */
  const className = (value) => {
    for (let prototype = getPrototypeOf(value); prototype !== null; prototype = getPrototypeOf(prototype)) {
      const maker = getOwnPropertyDescriptor(prototype, "constructor")?.value
      if (typeof maker === "function" && nameOf(maker) !== "") return nameOf(maker)
    }
    return undefined
  }

  const functionLabel = (value) => {
    const name = nameOf(value)
    if (slice(functionText(value), 0, 6) === "class ") return `[class ${name || "(anonymous)"}]`
    return name === "" ? "[Function (anonymous)]" : `[Function: ${name}]`
  }

  return { className, functionLabel, guestFrames, key, quote, replace }
}
