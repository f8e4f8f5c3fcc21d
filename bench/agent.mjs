// script/bench agent: what it costs to read a User-Agent, with and without the cache.
//
// The requests are drawn from the mix of lib/agents.mjs. Others are all agents of uap-core's own tests, most of them long
// out of use, each once; and agents made to be slow.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { drawAgents } from './lib/agents.mjs';

const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const build = join(root, process.env.BUILD ?? 'build');
const UAP_CORE = process.env.UAP_CORE ?? '/usr/share/uap-core';
const N_REQUESTS = process.argv.includes('--quick') ? 5000 : 20000;

// ---- others ----

function testAgents() {
    const agents = new Set();
    for (const folder of ['tests', 'test_resources'])
        for (const name of readdirSync(join(UAP_CORE, folder)).filter((file) => file.endsWith('.yaml')))
            for (const [, quoted] of readFileSync(join(UAP_CORE, folder, name), 'utf8').matchAll(/user_agent_string: '((?:[^'\n]|'')*)'/g))
                agents.add(quoted.replaceAll("''", "'"));
    return [...agents];
}

// The slowest that a search by chance changes found in some minutes.
const FOUND = [
    'RSSRadioW500ProoXiBoAoson AppStorelerTAB1GrubIceV370bS60Q XTtvOFCFCFCFCFCFCFCFCFCFCFCFCFCFCFCFCFCFCF'
        + 'CFCFCFCFCFCFCPESPN APPESPN APPESPN APPESPN APPESPN APPESPN APPESPN APPPN APPESPN APPESPN APPESPN APP'
        + 'ESPN APPESPN APPESPN ooXiBolerTAB1GrubIceV370bS60Q XTtvOFCFCFCFCFCFCFCFCFCFCFCFCFCFCFCFCFCFCFCFCFCFC'
        + 'FCFCFCFCFCFCFCFCFCFCPESPN eraceraceraceraceraceraceraceraceraceraceraceraceracerceraceraceraceracera'
        + 'ceraceraceraceraceraceraceraceraceraceraeraceraceraceraceraceraceraceraceraceracdTFBotceraceracerace'
        + 'raceracerace',
    'V55FrescoW5xvortexvortexvortexvortexvortexvortexvortexvortexvortexvortevmotvmotvmotvmotvmotvmotvmotv'
        + 'motvmotvmotvmotvmotvmotvmotvmotvmotvmotvmotvmotvmotvmotvmotvmotvmotvmotvmotvmotvmotvmotvmotvmotvmotv'
        + 'motvmotvmotvmotvmotvmVMicrosoft Outlook dafone Smart IIVoexvort/xvorteCE GAMEPADM7exvor Crawler Botb'
        + 'o Crawler Botbo Crawlne Smart IIVodafoneM-fone Smart IIVodafone1Smart IIVodafone MSOffice 14aPM-MPM-'
        + 'MPM-MPM-MPM-M 10Windows NT 10Windows NT 10WindQ710NT 10Windows NT AWTHUAWEIiac/prostyE GAMEPADM7iSPI'
        + 'CE GAMEPADM7',
];

// Beginnings that many expressions have, each with what makes the rest of them try every way there is.
function slowAgents() {
    const starts = ['', 'Mozilla/5.0 (Linux; Android 9; ', 'iPhone Android ', 'HbbTV/1.1.1 (;Samsung;SmartTV2013;', 'Opera/9.80 Nokia',
        'Mozilla/5.0 (compatible; ', 'FBAN/FBIOS;FBDV/', 'CFNetwork Darwin/', 'Android Application ', ' Build/', 'Linux; U; Android 4; de-de; '];
    const fillers = ['a', '1', '/', ';', ' ', '-', '.', '1.', '/1', '; ', ';a', 'a-', ' a', 'Android ', 'Build/', '; HTC ', 'bot', 'Mobile ', 'Samsung ', '/1.1 ', '(', ') '];
    return [...FOUND, ...starts.flatMap((start) => fillers.map((filler) => (start + filler.repeat(1024)).slice(0, 1024)))];
}

// ---- measuring ----

const folder = mkdtempSync(join(tmpdir(), 'crumb-bench-'));
try {
    const run = (requests, others) => {
        writeFileSync(join(folder, 'requests'), requests.join('\n') + '\n');
        writeFileSync(join(folder, 'others'), others.join('\n') + '\n');
        const output = execFileSync(join(build, 'bench/agent'), [join(UAP_CORE, 'regexes.yaml'), join(folder, 'requests'), join(folder, 'others')],
            { stdio: ['ignore', 'pipe', process.argv.includes('--show') ? 'inherit' : 'ignore'] });
        return JSON.parse(output);
    };
    const requests = drawAgents(N_REQUESTS);
    const figures = run(requests, testAgents());
    figures.slow = run(requests.slice(0, 100), slowAgents()).others;
    figures.different = new Set(requests).size;
    mkdirSync(join(build, 'bench'), { recursive: true });
    writeFileSync(join(build, 'bench/agent.json'), JSON.stringify(figures, null, 4) + '\n');
    const us = (figure) => figure.toFixed(2).padStart(10);
    console.log(`expressions: read in ${figures.open_ms} ms, ${(figures.bytes / 1e6).toFixed(1)} MB; ${N_REQUESTS} requests, ${figures.different} different agents`);
    console.log('microseconds of CPU an agent      mean       p50       p99   longest');
    for (const [name, title] of [['requests', 'no cache'], ['requests_without_literals', 'no cache, no literals'], ['others', "uap-core's tests, no cache"], ['slow', 'made to be slow, no cache']])
        console.log(title.padEnd(28) + us(figures[name].mean_us) + us(figures[name].p50_us) + us(figures[name].p99_us) + us(figures[name].longest_us));
    console.log('cache, from empty'.padEnd(28) + us(figures.from_empty.mean_us));
    console.log('cache, warm'.padEnd(28) + us(figures.warm.mean_us));
    console.log('in the cache'.padEnd(28) + us(figures.cached.mean_us));
} finally {
    rmSync(folder, { recursive: true });
}
