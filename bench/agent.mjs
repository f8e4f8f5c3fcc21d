// script/bench agent: what it costs to read a User-Agent, with and without the cache.
//
// The requests are drawn from the mix below, by a generator with a seed: what sites for the public see, with as many
// versions and models of each kind as go around at one time. Others are all agents of uap-core's own tests, most of them
// long out of use, each once; and agents made to be slow.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const build = join(root, process.env.BUILD ?? 'build');
const UAP_CORE = process.env.UAP_CORE ?? '/usr/share/uap-core';
const N_REQUESTS = process.argv.includes('--quick') ? 5000 : 20000;

// ---- the mix ----

let seed = 1;
const random = (n) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
};
const one = (list) => list[random(list.length)];
// Of versions that follow each other most people have one of the newest.
const recent = (newest, n) => newest - Math.min(random(n), random(n));

const blink = (version) => `AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}`;
const chromium = () => `${recent(131, 12)}.0.0.0`;
const build4 = () => `${recent(131, 12)}.0.${6700 + random(80)}.${random(200)}`;
const ios = () => one(['18_1', '18_1_1', '18_0', '17_7', '17_6_1', '17_5_1', '17_4_1', '16_7_10', '16_6', '15_8_3']);
const phones = ['SM-S918B', 'SM-A546B', 'SM-A155F', 'SM-G991B', 'SM-A536B', 'Pixel 7', 'Pixel 8a', 'Redmi Note 12',
    '2201117TG', 'M2101K6G', 'CPH2451', 'moto g84 5G', 'RMX3630', 'V2206', 'Nokia G21', 'LE2113', 'XQ-DC54', 'TECNO KI5k'];
const models = () => `${one(phones)} Build/${one(['TP1A.220624.014', 'UP1A.231005.007', 'AP3A.240905.015'])}`;
const safari = (version) => `AppleWebKit/605.1.15 (KHTML, like Gecko) Version/${version} Safari/605.1.15`;
const iphone = (version) => `Mozilla/5.0 (iPhone; CPU iPhone OS ${version} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)`;

// [of a hundred, kind, agent]
const mix = [
    [34, 'Chrome, Android', () => `Mozilla/5.0 (Linux; Android 10; K) ${blink(chromium())} Mobile Safari/537.36`],
    [18, 'Safari, iPhone', () => {
        const version = ios();
        return `${iphone(version)} Version/${version.replaceAll('_', '.')} Mobile/15E148 Safari/604.1`;
    }],
    [14, 'Chrome, Windows', () => `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${blink(chromium())} Safari/537.36`],
    [6, 'in an app, Android', () =>
        `Mozilla/5.0 (Linux; Android ${12 + random(4)}; ${models()}; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/${build4()} Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/${480 + random(20)}.0.0.${random(60)}.${random(90)};]`],
    [5, 'in an app, iPhone', () =>
        `${iphone(ios())} Mobile/15E148 [FBAN/FBIOS;FBAV/${480 + random(20)}.0.0.${random(60)}.${random(90)};FBBV/${650000000 + random(9999999)};FBDV/iPhone${12 + random(6)},${1 + random(4)};FBMD/iPhone;FBSN/iOS;FBSV/17.6.1;FBSS/3;FBID/phone;FBLC/de_DE;FBOP/5;FBRV/0]`],
    [5, 'Edge, Windows', () => {
        const version = chromium();
        return `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${blink(version)} Safari/537.36 Edg/${version}`;
    }],
    [4, 'Safari, macOS', () => `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${safari(one(['18.1', '18.0.1', '17.6', '17.5', '16.6']))}`],
    [3, 'Chrome, macOS', () => `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${blink(chromium())} Safari/537.36`],
    [3, 'Firefox', () => {
        const version = `${recent(133, 14)}.0`;
        return `Mozilla/5.0 (${one(['Windows NT 10.0; Win64; x64', 'X11; Linux x86_64', 'Macintosh; Intel Mac OS X 10.15', 'Android 14; Mobile'])}; rv:${version}) Gecko/20100101 Firefox/${version}`;
    }],
    [2, 'Samsung Internet', () => `Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/${recent(27, 4)}.0 Chrome/${chromium()} Mobile Safari/537.36`],
    [1, 'Chrome, iPhone', () => `${iphone(ios())} CriOS/${build4()} Mobile/15E148 Safari/604.1`],
    [1, 'Opera', () => {
        const version = recent(131, 12);
        return `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${blink(`${version}.0.0.0`)} Safari/537.36 OPR/${version - 15}.0.0.0`;
    }],
    [1, 'Safari, iPad', () => `Mozilla/5.0 (iPad; CPU OS ${ios()} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1`],
    [1, 'televisions', () => one([
        'Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/108.0.5359.211 Safari/537.36 WebAppManager',
        'Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) AppleWebKit/537.36 (KHTML, like Gecko) 94.0.4606.31/7.0 TV Safari/537.36',
    ])],
    [2, 'programs', () => one([
        'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
        'Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.6778.69 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
        'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36',
        'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)',
        'python-requests/2.32.3', 'curl/8.5.0',
    ])],
];
const shares = mix.flatMap(([share, , agent]) => Array(share).fill(agent));
if (shares.length !== 100) throw new Error(`the mix has ${shares.length} of a hundred`);

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
    const requests = Array.from({ length: N_REQUESTS }, () => one(shares)());
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
