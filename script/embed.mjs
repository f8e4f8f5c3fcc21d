// Files as C: each becomes a `const struct text` of the program, so that the program is one file.
//
//     node script/embed.mjs OUT.c HEADER.h NAME=FILE...
import { readFileSync, writeFileSync } from 'node:fs';

const [out, header, ...assets] = process.argv.slice(2);

// A string literal of at most 80 columns a line; three-digit octal escapes end where they must.
function literal(bytes) {
    const lines = [];
    let line = '';
    for (const byte of bytes) {
        const plain = byte >= 0x20 && byte < 0x7f && !'"\\?'.includes(String.fromCharCode(byte));
        line += plain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
        if (line.length > 76) {
            lines.push(`    "${line}"`);
            line = '';
        }
    }
    return [...lines, `    "${line}"`].join('\n');
}

const definitions = assets.map((asset) => {
    const [name, file] = asset.split('=');
    const bytes = readFileSync(file);
    return `const struct text ${name} = {.data =\n${literal(bytes)},\n    .size = ${bytes.length}};\n`;
});
writeFileSync(out, `/* Made by script/embed.mjs. */\n#include "${header}"\n\n${definitions.join('\n')}`);
