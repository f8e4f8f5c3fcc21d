// Files as C: each becomes a `const struct text` of the program, so that the program is one file.
//
//     node script/embed.mjs OUT.c HEADER.h NAME=FILE...
import { readFileSync, writeFileSync } from 'node:fs';

const [out, header, ...assets] = process.argv.slice(2);

const BYTES_A_LINE = 24;

// Numbers, as compilers need to take no longer string than 4095 bytes.
function numbers(bytes) {
    const lines = [];
    for (let i = 0; i < bytes.length; i += BYTES_A_LINE) lines.push(`    ${[...bytes.subarray(i, i + BYTES_A_LINE)].join(', ')},`);
    return lines.join('\n');
}

const definitions = assets.map((asset) => {
    const [name, file] = asset.split('=');
    const bytes = `static const unsigned char ${name}_bytes[] = {\n${numbers(readFileSync(file))}\n};\n`;
    return `${bytes}const struct text ${name} = {.data = (const char *)${name}_bytes, .size = sizeof ${name}_bytes};\n`;
});
writeFileSync(out, `/* Made by script/embed.mjs. */\n#include "${header}"\n\n${definitions.join('\n')}`);
