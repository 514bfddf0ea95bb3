"""Sentences that the rooms below write in English, as they stand there, with names where their values are.

A name says what may stand in its place: ``%(name)s`` one word that is nobody's language, ``%(count)s`` a number,
``%(names)s`` names in a row, ``%(word)s`` a word that the catalogue has (a state, a phase, several of them),
``%(said)s`` a sentence, or words that a machine wrote, ``%(told)s`` a sentence that is known; all others anything.
:mod:`dashboards.sentences` recognises and says them; :mod:`dashboards.spoken.words` has the words.
"""
