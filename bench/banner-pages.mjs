// One page a banner: the same words, three categories, one language, and each product put in as its documentation says.
//
// A product is {
//   name,
//   files: { '/path': text or bytes }   what it serves itself, minified as it is published,
//   head(nonce): text                   what a site owner writes into the page,
//   settings: text                      the part of that which crumb would send itself (texts, categories),
//   banner, accept, choose, dialog      where its first layer, two of its buttons and its second layer are
// }
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lib/figures.mjs';

const MODULES = join(root, 'bench/node_modules');
const read = (file) => readFileSync(join(MODULES, file));
const json = JSON.stringify;

const CATEGORIES = [
    { name: 'analytics', title: 'Measuring', description: 'We count visits and pages, to see what is useful.' },
    { name: 'journeys', title: 'Paths', description: 'We look at what is clicked, to make the shop easier to use.' },
    { name: 'marketing', title: 'Advertising', description: 'Advertisements of this shop on other sites.' },
];
const BODY = 'With your permission we use data about your visit. Nothing is stored or read for this before you choose.';
const ADDRESS = 'https://shop.example/privacy';

const script = (nonce, text, attributes = '') => `<script nonce="${nonce}" ${attributes}>${text}</script>`;

function vanilla() {
    const sections = CATEGORIES.map(({ name, title, description }) => ({ title, description, linkedCategory: name }));
    const always = { title: 'Necessary', description: 'What this site cannot work without.', linkedCategory: 'necessary' };
    const settings = `CookieConsent.run(${json({
        hideFromBots: false, // this browser is one
        categories: { necessary: { enabled: true, readOnly: true }, ...Object.fromEntries(CATEGORIES.map(({ name }) => [name, {}])) },
        language: {
            default: 'en',
            translations: {
                en: {
                    consentModal: {
                        title: 'Your choice', description: BODY, acceptAllBtn: 'Accept', acceptNecessaryBtn: 'Reject', showPreferencesBtn: 'Choose',
                    },
                    preferencesModal: {
                        title: 'Your privacy choices', acceptAllBtn: 'Accept', acceptNecessaryBtn: 'Reject',
                        savePreferencesBtn: 'Save my choice', closeIconLabel: 'Close', sections: [always, ...sections],
                    },
                },
            },
        },
    })});`;
    return {
        name: 'vanilla-cookieconsent',
        files: {
            '/cookieconsent.css': read('vanilla-cookieconsent/dist/cookieconsent.css'),
            '/cookieconsent.umd.js': read('vanilla-cookieconsent/dist/cookieconsent.umd.js'),
        },
        settings,
        head: (nonce) => `<link rel="stylesheet" href="/cookieconsent.css"><script defer src="/cookieconsent.umd.js"></script>
            ${script(nonce, settings, 'type="module"')}`,
        banner: '#cc-main .cm', accept: '#cc-main .cm [data-role="all"]', choose: '#cc-main .cm [data-role="show"]',
        dialog: '#cc-main .pm',
    };
}

function orejime() {
    const purposes = CATEGORIES.map(({ name, title, description }) => ({ id: name, title, description, cookies: [] }));
    const settings = `window.orejimeConfig = ${json({ privacyPolicyUrl: ADDRESS, purposes })};`;
    return {
        name: 'orejime',
        files: {
            '/orejime.css': read('orejime/dist/orejime-standard.css'),
            '/orejime.js': read('orejime/dist/orejime-standard-en.js'),
        },
        settings,
        head: (nonce) => `${script(nonce, settings)}<link rel="stylesheet" href="/orejime.css"><script defer src="/orejime.js"></script>`,
        banner: '.orejime-Banner', accept: '.orejime-Banner-saveButton', choose: '.orejime-Banner-learnMoreButton',
        dialog: '.orejime-Modal',
    };
}

function klaro() {
    const about = Object.fromEntries(CATEGORIES.map(({ name, title, description }) => [name, { title, description }]));
    const purposes = Object.fromEntries(CATEGORIES.map(({ name, title }) => [name, { title }]));
    const settings = `var klaroConfig = ${json({
        version: 1, acceptAll: true, lang: 'en', privacyPolicy: ADDRESS, translations: { en: { purposes, ...about } },
        services: CATEGORIES.map(({ name }) => ({ name, purposes: [name] })),
    })};`;
    return {
        name: 'klaro',
        files: { '/klaro.js': read('klaro/dist/klaro.js') },
        settings,
        head: (nonce) => `${script(nonce, settings)}<script defer src="/klaro.js"></script>`,
        banner: '.klaro .cookie-notice', accept: '.klaro .cookie-notice .cm-btn-success', choose: '.klaro .cn-learn-more',
        dialog: '.klaro .cm-modal',
    };
}

function tarteaucitron() {
    const types = ['analytic', 'other', 'ads'];
    const services = CATEGORIES.map(({ name, title }, i) =>
        `tarteaucitron.services.${name} = {key: ${json(name)}, type: ${json(types[i])}, name: ${json(title)}, needConsent: true,
            cookies: [], uri: ${json(ADDRESS)}, js: function () {}, fallback: function () {}};
        (tarteaucitron.job = tarteaucitron.job || []).push(${json(name)});`);
    const settings = `tarteaucitron.init(${json({
        privacyUrl: ADDRESS, orientation: 'bottom', groupServices: false, showAlertSmall: false, cookieslist: false,
        showIcon: true, adblocker: false, DenyAllCta: true, AcceptAllCta: true, highPrivacy: true, handleBrowserDNTRequest: false,
        removeCredit: true, moreInfoLink: true, useExternalCss: false, mandatory: true, googleConsentMode: false,
        bingConsentMode: false, pianoConsentMode: false,
    })}); ${services.join('')}`;
    const here = (name) => [`/tac/${name}`, read(`tarteaucitronjs/${name}`)];
    const files = ['tarteaucitron.min.js', 'tarteaucitron.services.min.js', 'lang/tarteaucitron.en.min.js', 'css/tarteaucitron.min.css'];
    return {
        name: 'tarteaucitron',
        files: Object.fromEntries(files.map(here)),
        settings,
        head: (nonce) => `<script src="/tac/tarteaucitron.min.js"></script>${script(nonce, `tarteaucitronForceLanguage = 'en';${settings}`)}`,
        banner: '#tarteaucitronAlertBig', accept: '#tarteaucitronPersonalize2', choose: '#tarteaucitronCloseAlert',
        dialog: '#tarteaucitron',
    };
}

// ---- c15t, which has to be bundled ----

const C15T = `{
    mode: 'offline',
    consentCategories: ['necessary', 'measurement', 'experience', 'marketing'],
    overrides: { country: 'DE', language: 'en' },
    offlinePolicy: { policyPacks: [policyPackPresets.europeOptIn()] },
    nonce: document.querySelector('script[nonce]')?.nonce,
}`;

const HEADLESS = `import { getOrCreateConsentRuntime, policyPackPresets } from 'c15t';
const { consentStore } = getOrCreateConsentRuntime(${C15T});
const banner = document.getElementById('consent-prompt');
const follow = ({ activeUI }) => { banner.hidden = activeUI !== 'banner'; };
consentStore.subscribe(follow);
follow(consentStore.getState());
document.getElementById('accept').addEventListener('click', () => consentStore.getState().saveConsents('all'));
document.getElementById('reject').addEventListener('click', () => consentStore.getState().saveConsents('necessary'));
`;

const REACT = `import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { ConsentBanner, ConsentDialog, ConsentManagerProvider, policyPackPresets } from '@c15t/react';
const root = document.body.appendChild(document.createElement('div'));
createRoot(root).render(createElement(ConsentManagerProvider, { options: ${C15T} }, createElement(ConsentBanner), createElement(ConsentDialog)));
`;

function bundle(folder, name, text) {
    const [from, to] = [join(folder, `in.${name}`), join(folder, `out.${name}`)];
    writeFileSync(from, text);
    execFileSync('esbuild', [from, '--bundle', '--minify', '--format=iife', '--target=chrome108', '--log-level=error',
        '--define:process.env.NODE_ENV="production"', `--outfile=${to}`], { env: { ...process.env, NODE_PATH: MODULES } });
    return readFileSync(to);
}

// Its UI is the site's own: here the least that its documentation shows.
const c15tHeadless = (folder) => ({
    name: 'c15t headless',
    files: { '/c15t.js': bundle(folder, 'headless.js', HEADLESS) },
    settings: '',
    head: (nonce) => `<style nonce="${nonce}">#consent-prompt { position: fixed; inset: auto 0 0 0; padding: 1em; background: #fff; color: #000 }</style>
        <script defer nonce="${nonce}" src="/c15t.js"></script>`,
    body: `<div id="consent-prompt" role="dialog" aria-label="Your choice" hidden><p>${BODY}</p>
        <button id="accept">Accept</button> <button id="reject">Reject</button></div>`,
    banner: '#consent-prompt', accept: '#accept', choose: null, dialog: null,
});

const c15tReact = (folder) => ({
    name: 'c15t React',
    files: { '/c15t.js': bundle(folder, 'react.js', REACT), '/c15t.css': bundle(folder, 'react.css', '@import "@c15t/react/styles.css";') },
    settings: '',
    head: (nonce) => `<link rel="stylesheet" href="/c15t.css"><script defer nonce="${nonce}" src="/c15t.js"></script>`,
    banner: '[data-testid="consent-banner-card"]', accept: '[data-testid="consent-banner-accept-button"]',
    choose: '[data-testid="consent-banner-customize-button"]', dialog: '[data-testid="consent-dialog-card"], [data-testid="consent-dialog-root"]',
});

// ---- crumb ----

// @at: where the service is.
const crumb = (at) => ({
    name: 'crumb',
    files: {},
    settings: '',
    head: () => `<script src="${at}/consent.js?site=shop" async></script>`,
    banner: 'dialog.banner', accept: 'dialog.banner button:text-is("Accept")', choose: 'dialog.banner button:text-is("Choose")',
    dialog: 'dialog.front',
});

// The configuration of the service behind it.
export const crumbConfig = ({ data, port, origin, domain }) => json({
    data,
    listen: { public: `127.0.0.1:${port}`, private: '127.0.0.1:0' },
    rates: { address: 0, site: 0, choices: 0 },
    sites: {
        shop: {
            origins: [origin],
            cookie_domain: domain,
            controller: { name: 'Example Shop', address: '1 Market Street', contact: 'privacy@shop.example' },
            storage: { country: 'DE' },
            recipients: { ads: { name: 'Ad Partner', country: 'US', why: 'shows our advertisements elsewhere' } },
            purposes: {
                analytics: { collects: ['log', 'device'] },
                journeys: { collects: ['clickpath'] },
                marketing: { collects: [], recipients: ['ads'] },
            },
        },
    },
});

const WORDS = Array.from({ length: 30 }, (_, i) => `<p>Line ${i} of a page that is longer than the window.</p>`).join('\n');

export const html = (product, nonce) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
${product.head(nonce)}</head><body>${product.body ?? ''}<main><h1>Shop</h1>${WORDS}</main></body></html>`;

// What no banner can undercut: the page itself with a button that hides what it is in.
export const floor = {
    name: 'floor',
    files: {},
    settings: '',
    head: (nonce) => `<style nonce="${nonce}">#floor { position: fixed; bottom: 0 }</style>` + script(nonce, `addEventListener('click', ({ target }) => target.id === 'accept' && (target.parentNode.hidden = true));`),
    body: '<aside id="floor" aria-label="Your choice"><button id="accept">Accept</button></aside>',
    banner: '#floor', accept: '#accept', choose: null, dialog: null,
};

// @folder: for what has to be bundled. @at: where crumb is.
export const products = (folder, at) =>
    [floor, crumb(at), orejime(), vanilla(), c15tHeadless(folder), c15tReact(folder), tarteaucitron(), klaro()];
