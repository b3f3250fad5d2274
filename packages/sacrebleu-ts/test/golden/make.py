"""Makes the golden values here with sacrebleu 2.6.0 on numpy 2 (`pip install sacrebleu==2.6.0 numpy==2.4.6`):
`python make.py` writes metrics.json, significance.json, cli.json and numpy.json beside itself. Tests do not run it."""
import json
import logging
import math
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.significance import PairedTest, _bootstrap_resample
from sacrebleu.tokenizers.tokenizer_ter import TercomTokenizer

HERE = Path(__file__).parent
random.seed(1)
logging.disable()


def write(name, value):
    (HERE / name).write_text(json.dumps(value, ensure_ascii=False, separators=(',', ':')) + '\n')


# --- corpora -----------------------------------------------------------------------------------------------------------

WORDS = 'the a cat dog sat on mat , . in house and was it blue'.split()


def sentence(low, high, words=WORDS):
    return [random.choice(words) for _ in range(random.randint(low, high))]


def disturbed(words):
    """Words moved in blocks, some changed, dropped and added: what TER's shifts are for."""
    words = list(words)
    for _ in range(random.randint(0, 4)):
        kind = random.random()
        if len(words) > 3 and kind < 0.6:
            start = random.randrange(len(words) - 1)
            block = words[start:start + random.randint(1, 12)]
            del words[start:start + len(block)]
            place = random.randint(0, len(words))
            words[place:place] = block
        elif words and kind < 0.75:
            words[random.randrange(len(words))] = random.choice(WORDS)
        elif words and kind < 0.85:
            del words[random.randrange(len(words))]
        else:
            words.insert(random.randint(0, len(words)), random.choice(WORDS))
    return words


def corpus(size, low, high):
    refs = [sentence(low, high) for _ in range(size)]
    return {'hypotheses': [' '.join(disturbed(r)) for r in refs], 'references': [[' '.join(r) for r in refs]]}


long = [sentence(60, 160) for _ in range(6)]
unlike = [(sentence(1, 3), sentence(150, 200)), (sentence(150, 200), sentence(1, 3)), (sentence(2, 2), sentence(70, 70)),
          (['a'] * 70, ['a'] * 40 + ['b'] * 30), (sentence(80, 80, ['a', 'b']), sentence(80, 80, ['a', 'b']))]
CORPORA = {
    'shifted words': corpus(60, 0, 30),
    'long lines': {'hypotheses': [' '.join(disturbed(disturbed(r))) for r in long],
                   'references': [[' '.join(r) for r in long]]},
    'unlike lengths': {'hypotheses': [' '.join(h) for h, _ in unlike], 'references': [[' '.join(r) for _, r in unlike]]},
    'awkward lines': {
        'hypotheses': ['', 'x', '', "It's 3,000.50 -- (really) &quot;so&quot;?", '他说：“你好，世界！”', 'こんにちは。世界',
                       '𠀀𠀁 𝒳 😀', 'Tab\tand\u3000wide', 'A', "the dogs' '(hi)' (hi) -x- 's", '①㋐㐀㌀豈︰⼀㇀', 'İstanbul ΣΑΣ'],
        'references': [['', '', 'y', "It is 3,000.5 - (really) \"so\"?", '他说：“世界，你好！”', 'こんにちは、世界。',
                        '𠀁𠀀 𝒳 😀!', 'tab and wide', 'a', "the dogs '(hi)' (hi -x- 's", '①㋐㐀㌀豈︰⼀㇀x', 'istanbul σας']],
    },
    'two references': {'hypotheses': ['the cat sat on the mat', 'a b', 'c'],
                       'references': [['the cat sat on a mat', 'a c b', 'd e'], ['on the mat sat the cat', 'b', 'c']]},
    'varying references': {'hypotheses': ['the cat sat on the mat', 'a b', 'c'],
                           'references': [['the cat sat on a mat', 'a c b', None], ['on the mat sat the cat', None, 'c']]},
    'one segment': {'hypotheses': ['The cat is here.'], 'references': [['The cat was here.']]},
    'identical': {'hypotheses': ['The cat is here.', 'Is it?'], 'references': [['The cat is here.', 'Is it?']]},
    'nothing alike': {'hypotheses': ['abc', 'def'], 'references': [['x y', 'z']]},
    'empty lines': {'hypotheses': ['', ''], 'references': [['', '']]},
}

METRICS = {
    'bleu': (BLEU, [{}, {'tokenize': 'zh'}, {'tokenize': 'intl', 'lowercase': True},
                    {'smooth_method': 'add-k', 'smooth_value': 0.5, 'effective_order': True}]),
    'chrf': (CHRF, [{}, {'word_order': 2}, {'word_order': 1, 'whitespace': True}, {'lowercase': True, 'char_order': 3},
                    {'eps_smoothing': True, 'word_order': 2}, {'char_order': 0, 'word_order': 2}, {'beta': 1},
                    {'char_order': 8, 'beta': 3}]),
    'ter': (TER, [{}, {'normalized': True}, {'no_punct': True}, {'case_sensitive': True},
                  {'normalized': True, 'asian_support': True}, {'no_punct': True, 'asian_support': True},
                  {'normalized': True, 'no_punct': True, 'asian_support': True, 'case_sensitive': True}]),
}


def metric_cases():
    for name, data in CORPORA.items():
        for kind, (make, variants) in METRICS.items():
            for options in variants:
                metric = make(**options)
                score = metric.corpus_score(data['hypotheses'], data['references'])
                signature = metric.get_signature()
                own = [[r for r in refs if r is not None] for refs in zip(*data['references'])]
                yield {'corpus': name, 'metric': kind, 'options': options, 'score': score.score,
                       'statistics': metric._extract_corpus_statistics(data['hypotheses'], data['references']),
                       'sentences': [make(**options).sentence_score(h, r).score for h, r in zip(data['hypotheses'], own)],
                       'line': score.format(2, False, signature.format()), 'json': score.format(3, False, str(signature), True),
                       'short': signature.format(True)}


CHARACTERS = list("abZ09.,-'’s ?!:;()\"&<>/{}[]\t") + ["'s ", '&quot;', '&amp;', '&lt;', '3.5', '猫', 'の', 'カ', 'ㇰ', '、', '。',
                                                       '「', '！', '（', '〜', '①', '㐂', '㌔', '豈', '⺀', '한', 'é', '😀', '\u3000', '・', '︵']
LINES = [''.join(random.choice(CHARACTERS) for _ in range(random.randint(0, 25))) for _ in range(120)]
TERCOM = {}
for flags in [(n, p, a, c) for n in (0, 1) for p in (0, 1) for a in (0, 1) for c in (0, 1)]:
    TERCOM[''.join(map(str, flags))] = [TercomTokenizer(*map(bool, flags))(line.rstrip()) for line in LINES]

write('metrics.json', {
    'about': 'sacrebleu 2.6.0; made by make.py', 'corpora': CORPORA, 'cases': list(metric_cases()),
    'tercom': {'lines': LINES, 'texts': TERCOM}})

# --- significance ------------------------------------------------------------------------------------------------------

systems_reference = [sentence(3, 14) for _ in range(40)]
SYSTEMS = {
    'references': [[' '.join(r) for r in systems_reference], [' '.join(disturbed(r)) for r in systems_reference],
                   [' '.join(disturbed(r)) for r in systems_reference]],
    'systems': [['base', [' '.join(disturbed(r)) for r in systems_reference]],
                ['near', [' '.join(disturbed(r)) for r in systems_reference]],
                ['worse', [' '.join(disturbed(disturbed(r + ['x']))) for r in systems_reference]]],
}
SYSTEMS['systems'].append(['same', list(SYSTEMS['systems'][0][1])])
SIGNIFICANCE = [(BLEU, 'bleu', {}), (BLEU, 'bleu', {'smooth_method': 'add-k', 'smooth_value': 0.5}),
                (BLEU, 'bleu', {'smooth_method': 'floor', 'max_ngram_order': 6}), (CHRF, 'chrf', {}),
                (CHRF, 'chrf', {'word_order': 2, 'eps_smoothing': True}), (TER, 'ter', {})]


def result(value):
    return {key: None if number is None else float(number) for key, number in vars(value).items()}


def significance_cases():
    for seed in (12345, 7):
        os.environ['SACREBLEU_SEED'] = str(seed)
        for refs in (1, 3):
            references = SYSTEMS['references'][:refs]
            for make, kind, options in SIGNIFICANCE:
                metric = make(**options)
                score = metric.corpus_score(SYSTEMS['systems'][1][1], references, n_bootstrap=300)
                stats = metric._extract_corpus_statistics(SYSTEMS['systems'][1][1], references)
                first = [float(x.score) for x in _bootstrap_resample(stats, metric, 300)[1][:5]]
                case = {'seed': seed, 'references': refs, 'metric': kind, 'options': options, 'mean': float(score._mean),
                        'ci': float(score._ci), 'first': first, 'signature': str(metric.get_signature())}
                for test, trials in (('bs', 300), ('ar', 200)):
                    signatures, scores = PairedTest(SYSTEMS['systems'], {'M': make(references=references, **options)}, None,
                                                    test, trials)()
                    name = [key for key in scores if key != 'System'][0]
                    case[test] = {'signature': str(signatures[name]), 'results': [result(x) for x in scores[name]]}
                yield case


write('significance.json', {'about': 'sacrebleu 2.6.0 on numpy ' + np.__version__ + '; made by make.py', **SYSTEMS,
                            'cases': list(significance_cases())})
del os.environ['SACREBLEU_SEED']


def drawn(seed):
    rng = np.random.default_rng(seed)
    return {'seed': str(seed), 'choice7': rng.choice(7, size=25).tolist(), 'choice40000': rng.choice(40000, size=10).tolist(),
            'wide': rng.choice(3000000000, size=30).tolist(), 'bits': rng.integers(2, size=70, dtype=bool).astype(int).tolist(),
            'one': rng.choice(1, size=2).tolist(), 'after': rng.choice(1000, size=6).tolist()}


EXPONENTS = [0, 1, -1e-9, -650, -800, -2499999999] + [random.uniform(-20, 5) for _ in range(200)]

write('numpy.json', {'about': 'numpy ' + np.__version__ + ' default_rng; made by make.py',
                     'cases': [drawn(seed) for seed in (0, 1, 12345, 2 ** 32, 2 ** 70 + 5, 2 ** 200 + 3)],
                     'means': [{'values': v, 'float32': float(np.array(v, dtype='float32').mean()),
                                'float64': float(np.array(v).mean())}
                               for v in ([random.random() * 100 for _ in range(n)] for n in (1, 7, 8, 100, 129, 1000))],
                     'exp': [[x, math.exp(x)] for x in EXPONENTS],
                     'log': [[x, math.log(x)] for x in (random.random() * 100 for _ in range(200))]})

# --- the command line --------------------------------------------------------------------------------------------------

FILES = {
    'ref': 'The cat sat on the mat.\nA dog barks.\nHello, world!\nIt is raining.\n',
    'ref2': 'A cat sat on the mat.\nThe dog is barking.\nHello world!\nIt rains.\n',
    'a': 'The cat sat on a mat.\nA dog barked.\nHello world!\nIt was raining hard.\n',
    'b_1': 'The cat is on the mat.\nDogs bark.\nHello, world!\nIt is raining.\n',
    'tabbed': 'one\tone two  \ntwo\ttoo\n', 'hyp2': 'one two\ntwo \n', 'both': 'one two\tone\ntwo\ttwo two\n',
    'zh.ref': '你好，世界。\n', 'zh.hyp': '你好世界。\n',
    # A trailing \r is white space; U+2028 does not end a line; the last line has no end.
    'odd': 'a b\u2028c d e\r\n\nlast one', 'é ref': 'a b c d e\n\nlast one\n',
}
COMMANDS = [
    'ref -i a', 'ref -i a -m ter chrf bleu', 'ref -i a -m ter chrf bleu -f text -w 4', 'ref -i a -m ter chrf bleu -f text -b',
    'ref -i a -m bleu chrf -b', 'ref -i a -b -w 3', 'ref ref2 -i a -f text', 'ref -i a -f text -sh -m bleu chrf ter',
    'ref -i a --lowercase --tokenize intl --smooth-method add-k --smooth-value 0.25 -f text', 'ref -i a -s floor -tok char -lc -f text',
    'ref -i a -m chrf --chrf-word-order 2 --chrf-char-order 4 --chrf-beta 3 --chrf-lowercase --chrf-whitespace -f text',
    'ref -i a -m chrf --chrf-eps-smoothing -cw 1 -cc 2 -f text -w 5',
    'ref -i a -m ter --ter-case-sensitive --ter-asian-support --ter-no-punct --ter-normalized -f text',
    'ref -i a -m bleu -sl', 'ref ref2 -i a -m chrf -sl -b -w 3', 'ref -i b_1 -m ter --sentence-level --short',
    'ref -i a --confidence -m bleu chrf ter -f text', 'ref -i a -ci -cin 50', 'ref -i a -m chrf -ci -b -f text -w 6',
    'ref -i a b_1 -m bleu chrf ter', 'ref -i a b_1 -m bleu chrf ter -f text', 'ref -i a b_1 -m ter bleu -f latex -w 3',
    'ref -i a b_1 -m bleu chrf ter -f text --paired-bs --paired-bs-n 200 -q', 'ref -i a b_1 a -m ter bleu -f text -par -parn 100 -sh -q',
    'ref -i a b_1 -f latex --paired-ar --paired-ar-n 100 -q', 'ref -i a b_1 -f latex -m chrf -pbs -pbsn 100 -q',
    'ref -i a b_1 --paired-bs -pbsn 150 -q', 'ref -i a b_1 --paired-ar -parn 100 -m bleu chrf -q', 'tabbed -nr 2 -i hyp2 -f text',
    'ref -l en-de -i a -f text', 'zh.ref -l en-zh -i zh.hyp -f text', 'é\u00a0ref -i odd -f text -m bleu chrf', 'ref --format=text -i a -w=2',
    'hyp2 -f text < hyp2', 'hyp2 -f text -m bleu chrf < both', 'hyp2 -f text --paired-bs -pbsn 20 -q < both', 'ref -i a --sent --format text',
    'ref -i a b_1 -f text -w 0', 'ref -i a -m bleu bleu -f text',
]


def run(command, folder):
    arguments, _, stdin = command.partition(' < ')
    arguments = [a.replace('\u00a0', ' ') for a in arguments.split(' ')]
    source = open(folder / stdin) if stdin else subprocess.DEVNULL
    program = [sys.executable, '-m', 'sacrebleu']
    done = subprocess.run(program + arguments, cwd=folder, stdin=source, capture_output=True, text=True, encoding='utf-8')
    if done.returncode:
        sys.exit(f'{command}: {done.stderr}')
    return {'arguments': arguments, 'stdin': stdin or None, 'stdout': done.stdout}


with tempfile.TemporaryDirectory() as name:
    for file, text in FILES.items():
        (Path(name) / file).write_bytes(text.encode())
    write('cli.json', {'about': 'the command line of sacrebleu 2.6.0; made by make.py', 'files': FILES,
                       'runs': [run(command, Path(name)) for command in COMMANDS]})
