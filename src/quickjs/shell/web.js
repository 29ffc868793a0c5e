/**
 * What just-bash expects of a platform and the language has not. No guest code runs in the shell's realm, so its scripts use
 * built-ins as they come.
 */
;() => {
  const replaceable = { writable: true, configurable: true }

  /** The UTF-8 of a text as one character for each byte, and back; the latter throws if it is no UTF-8. */
  const encode = (text) => unescape(encodeURIComponent(text.isWellFormed() ? text : text.toWellFormed()))
  const decode = (bytes) => decodeURIComponent(escape(bytes))

  const decodeLeniently = (bytes) => {
    let text = ""
    for (let at = 0; at < bytes.length; ) {
      const first = bytes.charCodeAt(at)
      const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
      const known = first < 0x80 || (first >= 0xc2 && first < 0xf5)
      let taken = 1
      while (known && taken < length && (bytes.charCodeAt(at + taken) & 0xc0) === 0x80) taken++
      try {
        text += decode(bytes.slice(at, at + taken))
      } catch {
        text += "\ufffd"
      }
      at += taken
    }
    return text
  }

  const bytesOf = (source) => {
    if (source === undefined) return ""
    const view = ArrayBuffer.isView(source)
      ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
      : new Uint8Array(source)
    return atob(view.toBase64())
  }

  class TextEncoder {
    get encoding() {
      return "utf-8"
    }
    encode(text = "") {
      return Uint8Array.fromBase64(btoa(encode(`${text}`)))
    }
  }

  class TextDecoder {
    constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
      const encoding = `${label}`.toLowerCase()
      if (/^utf-?8$/.test(encoding)) this.encoding = "utf-8"
      else if (/^(latin1|iso-8859-1|ascii|us-ascii|windows-1252)$/.test(encoding)) this.encoding = "windows-1252"
      else throw new RangeError(`The "${label}" encoding is not supported`)
      this.fatal = fatal
      this.ignoreBOM = ignoreBOM
    }
    decode(source) {
      const bytes = bytesOf(source)
      if (this.encoding !== "utf-8") return bytes
      let text
      try {
        text = decode(bytes)
      } catch {
        if (this.fatal) throw new TypeError("The encoded data was not valid for encoding utf-8")
        text = decodeLeniently(bytes)
      }
      return !this.ignoreBOM && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
    }
  }

  class AbortSignal {
    aborted = false
    reason = undefined
    onabort = null
    #listeners = new Set()
    addEventListener(type, listener) {
      if (type === "abort") this.#listeners.add(listener)
    }
    removeEventListener(type, listener) {
      if (type === "abort") this.#listeners.delete(listener)
    }
    throwIfAborted() {
      if (this.aborted) throw this.reason
    }
    static abortOf(signal, reason) {
      if (signal.aborted) return
      signal.aborted = true
      signal.reason = reason ?? new DOMException("This operation was aborted", "AbortError")
      const listeners = [...signal.#listeners]
      signal.#listeners.clear()
      for (const listener of listeners) listener({ type: "abort", target: signal })
    }
  }
  const { abortOf } = AbortSignal
  delete AbortSignal.abortOf

  class AbortController {
    signal = new AbortSignal()
    abort(reason) {
      abortOf(this.signal, reason)
    }
  }

  for (const [name, value] of Object.entries({ AbortController, AbortSignal, TextDecoder, TextEncoder })) {
    Object.defineProperty(globalThis, name, { value, ...replaceable })
  }

  return { decode, encode }
}
