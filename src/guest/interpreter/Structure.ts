/** How much there is of a JSON text outside of its strings. */

const quote = 0x22
const backslash = 0x5c

/**
 * Weighs a JSON text as it comes. What is inside of strings is read as fast as memory; every few bytes outside of them are a value
 * of its own, for which a parser takes a thousand times as long and much memory. So who reads texts of strangers bounds both.
 */
export class Structure {
  #weight = 0
  #isText = false
  #isEscaped = false

  /** Bytes outside of strings until now, with their quotes. */
  get weight(): number {
    return this.#weight
  }

  push(bytes: Uint8Array): void {
    let [weight, isText, isEscaped] = [this.#weight, this.#isText, this.#isEscaped]
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]
      if (isEscaped) isEscaped = false
      else if (byte === quote) {
        isText = !isText
        weight++
      } else if (!isText) weight++
      else if (byte === backslash) isEscaped = true
    }
    this.#weight = weight
    this.#isText = isText
    this.#isEscaped = isEscaped
  }
}
