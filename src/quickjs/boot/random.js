/** `Math.random`, from a seed that the host gives. Its state is part of the guest, so that a restored guest goes on with it. */
;({ intrinsics }) => {
  const { defineProperty, imul } = intrinsics

  // xoshiro128**
  let [a, b, c, d] = [1, 2, 3, 4]

  const rotate = (word, bits) => (word << bits) | (word >>> (32 - bits))

  const next = () => {
    const result = imul(rotate(imul(b, 5), 7), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotate(d, 11)
    return result
  }

  const random = () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53
  defineProperty(Math, "random", { value: random, writable: true, configurable: true })

  return {
    /** Four words of 32 bits. */
    seed: (first, second, third, fourth) => {
      a = first | 0
      b = second | 0
      c = third | 0
      d = fourth | 1
    }
  }
}
