/** Digests, which the host computes, and the commands for those that just-bash has none for. */
;({ bash, host }) => {
  const { checksum, port } = bash

  port.digest = (algorithm, bytes) => host("digest", algorithm, port.latin1(bytes)).slice(1)

  const names = ["sha224", "sha384", "sha512"]
  return { commands: names.map((name) => checksum(`${name}sum`, name, `compute ${name.toUpperCase()} message digest`)) }
}
