EU:ssa ja EU: SSA, USA:n S:t x:5 20:een.
O Dr. Novák (např. prof. Malý) - li e - mail: 3, 14 kg 1. 5 „Ano“, řekl.
l·lusió col·lecció Â·x so'o l'home d'Irlanda 'a' b'C 90's.
Visit http://a.b/c_d.html and x@y.org, <b>bold</b> No. 5 Nr. 7 etc. end...
日本語です。한국어 (a) [b] $5% 'x' "y"!
