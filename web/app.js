// The page of `ts-fairseq serve`: translates what is typed, and shows other translations of a sentence and the probabilities of its
// tokens. It talks to its own server only.

/** Milliseconds without a key before the text is translated. */
const PAUSE = 400;
/** Translations of a sentence to show. */
const NBEST = 5;

const element = (id) => document.getElementById(id);
const source = element('source');
const target = element('target');
const models = element('model');
const status = element('status');

let timer;
let running = new AbortController();
let chosen = null; // the sentence whose details are shown
let token = sessionStorage.getItem('token');

/** Fetches JSON from the server. @throws Error with the server's line */
async function fetchJson(path, options = {}) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${utf8(token)}` }) };
  const response = await fetch(path, { ...options, headers });
  const body = await response.json();
  element('login').hidden = response.status !== 401;
  if (!response.ok) throw new Error(body.error);
  return body;
}

/** The UTF-8 bytes of a text as characters: fetch refuses a header with others. */
const utf8 = (text) => String.fromCharCode(...new TextEncoder().encode(text));

const names = new Intl.DisplayNames(['en'], { type: 'language' });

/** The English name of a language, or its code if it is unknown. */
function languageName(code) {
  try {
    return names.of(code.replaceAll('_', '-'));
  } catch {
    return code;
  }
}

async function showModels() {
  try {
    const { models: all } = await fetchJson('health');
    models.replaceChildren(
      ...all.map(
        ({ name, source, target }) => new Option(`${languageName(source)} → ${languageName(target)}  (${name})`, name),
      ),
    );
  } catch (error) {
    status.textContent = error.message;
  }
}

/** Translates the text now, and drops the answer to an earlier text. */
async function translate() {
  clearTimeout(timer);
  running.abort();
  running = new AbortController();
  const { signal } = running;
  const text = source.value;
  showDetails(null);
  if (text.trim() === '') {
    target.replaceChildren();
    status.textContent = '';
    return;
  }
  target.setAttribute('aria-busy', 'true');
  const started = performance.now();
  try {
    const body = JSON.stringify({ text, model: models.value, nbest: NBEST });
    const { translations } = await fetchJson('translate', { method: 'POST', body, signal });
    showTranslation(text, translations[0]);
    const seconds = ((performance.now() - started) / 1000).toFixed(2);
    const unknown = Math.round(100 * translations[0].unknownRatio);
    status.textContent =
      unknown > 50
        ? `The model does not know ${unknown} % of the tokens: is the text in the right language?`
        : `${seconds} s`;
  } catch (error) {
    if (signal.aborted) return;
    status.textContent = error.message;
  }
  target.removeAttribute('aria-busy');
}

/** Shows a translation: sentences are buttons, and what lies between them is text. */
function showTranslation(text, { sentences }) {
  const parts = [];
  let position = 0;
  for (const sentence of sentences) {
    const start = text.indexOf(sentence.source, position);
    parts.push(text.slice(position, start), sentenceButton(sentence));
    position = start + sentence.source.length;
  }
  parts.push(text.slice(position));
  target.replaceChildren(...parts);
}

function sentenceButton(sentence) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = sentence.text;
  button.title = sentence.problem ?? 'other translations';
  button.classList.toggle('untranslated', sentence.problem !== null);
  button.setAttribute('aria-controls', 'details');
  button.setAttribute('aria-expanded', 'false');
  button.addEventListener('click', () => showDetails(chosen === button ? null : button, sentence));
  return button;
}

/** Shows the details of a sentence; null hides them. */
function showDetails(button, sentence) {
  chosen?.setAttribute('aria-expanded', 'false');
  chosen = button;
  element('details').hidden = button === null;
  if (button === null) return;
  button.setAttribute('aria-expanded', 'true');
  element('details-source').textContent = sentence.problem ?? sentence.source;
  element('nbest').replaceChildren(
    ...sentence.nbest.map(({ text, score }) => {
      const item = document.createElement('li');
      const number = document.createElement('span');
      number.className = 'score';
      number.textContent = ` ${score.toFixed(2)}`;
      item.append(text, number);
      return item;
    }),
  );
  element('tokens').replaceChildren(
    ...sentence.tokens.map((symbol, index) => {
      const p = 2 ** sentence.tokenScores[index];
      const chip = document.createElement('span');
      chip.style.setProperty('--p', String(p));
      chip.textContent = symbol;
      chip.title = `p = ${p.toFixed(3)}`;
      return chip;
    }),
  );
}

async function copy() {
  await navigator.clipboard.writeText(target.textContent);
  status.textContent = 'Copied.';
}

source.addEventListener('input', () => {
  clearTimeout(timer);
  timer = setTimeout(translate, PAUSE);
});
models.addEventListener('change', translate);
element('copy').addEventListener('click', copy);
element('login').addEventListener('submit', (event) => {
  event.preventDefault();
  token = element('token').value;
  sessionStorage.setItem('token', token);
  void translate();
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') source.focus();
  else if (event.ctrlKey && event.key === 'Enter') void translate();
  else if (event.ctrlKey && event.shiftKey && event.key.toLowerCase() === 'c') void copy();
  else return;
  event.preventDefault();
});

source.focus();
await showModels();
