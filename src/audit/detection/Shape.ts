/** The outline of a text: `a` for letters, `9` for digits, `_` for what is beyond ASCII, other characters as they are; runs count once. */

const shapeMax = 24
const looked = 64

const outline = (code: number): string => {
  if (code > 47 && code < 58) return "9"
  const small = code | 32
  if (small > 96 && small < 123) return "a"
  return code < 128 ? String.fromCharCode(code) : "_"
}

export const of = (text: string): string => {
  let shape = ""
  for (let index = 0; index < text.length && index < looked && shape.length < shapeMax; index++) {
    const letter = outline(text.charCodeAt(index))
    if (!shape.endsWith(letter)) shape += letter
  }
  return shape
}

/** Characters that end one language and begin another: of queries, shells, markup and paths. */
const syntax = /['"`;<>|&$(){}\\\0\n]|--|\.\.\/|\/\*/

/** Whether a text has characters with which it could leave the place that it stands in. */
export const breaksOut = (text: string): boolean => syntax.test(text)
