EU:ssa ja EU : SSA , USA:n S:t x : 5 20:een .
O Dr . Novák ( např. prof . Malý ) - li e - mail : 3 , 14 kg 1 . 5 „ Ano “ , řekl .
l · lusió col · lecció Â · x so &apos; o l &apos; home d &apos; Irlanda &apos; a &apos; b &apos; C 90 &apos; s .
Visit http : / / a.b / c _ d.html and x @ y.org , &lt; b &gt; bold &lt; / b &gt; No . 5 Nr . 7 etc. end ...
日本 語 です 。 한국 어 ( a ) &#91; b &#93; $ 5 % &apos; x &apos; &quot; y &quot; !
