"""How the shipped sentence encoder is made, from text files to a model folder.

``python -m retrievers.training COMMAND --help`` describes each step; they are meant to be run in
this order, and each one can be stopped and started again:

1. ``tokenizer``  counts characters and writes a tokenizer and an empty model folder;
2. ``pretrain``   fills in masked characters of ordinary text;
3. ``train``      pulls paraphrases together and pushes look-alikes apart;
4. ``export``     writes the folder that ships, in 16 bit;
5. ``evaluate``   measures a folder on the pairs and questions that were held out.

A BERT that others pre-trained takes another way to steps 4 and 5: ``matters`` writes the entries
of a knowledge base with their look-alikes, and ``finetune`` trains on these, on labelled pairs and
on answers.
"""
